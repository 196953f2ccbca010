// The least change from one text to another, and what becomes of it when somebody else changed the text meanwhile.

const MOST_COMPARED = 4e6; // beyond so many pairs of words the changed middle is replaced as a whole
const WORD = /[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu;

/** How one text becomes another: `[{at, gone, text}]` in places of the former, from front to back. */
export function differences(former, latter) {
  if (former === latter) return [];
  let head = 0;
  const most = Math.min(former.length, latter.length);
  while (head < most && former[head] === latter[head]) head += 1;
  let tail = 0;
  while (tail < most - head && former.at(-1 - tail) === latter.at(-1 - tail)) tail += 1;
  if (isTorn(former, head)) head -= 1;
  if (tail && isTorn(former, former.length - tail)) tail -= 1;
  const [old, fresh] = [former.slice(head, former.length - tail), latter.slice(head, latter.length - tail)];
  return old && fresh ? byWords(old, fresh, head) : [{ at: head, gone: old.length, text: fresh }];
}

// Two halves of one character must not be taken apart.
function isTorn(text, at) {
  const code = text.charCodeAt(at - 1);
  return at > 0 && code >= 0xd800 && code <= 0xdbff;
}

function byWords(old, fresh, offset) {
  const [a, b] = [old.match(WORD) ?? [], fresh.match(WORD) ?? []];
  const whole = [{ at: offset, gone: old.length, text: fresh }];
  if (a.length * b.length > MOST_COMPARED || a.join("") !== old || b.join("") !== fresh) return whole;
  const same = lengths(a, b);
  const found = [];
  let [i, j, at] = [0, 0, offset];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { at += a[i].length; i += 1; j += 1; continue; }
    const change = { at, gone: 0, text: "" };
    while ((i < a.length || j < b.length) && a[i] !== b[j]) {
      if (j >= b.length || (i < a.length && same(i + 1, j) >= same(i, j + 1))) { change.gone += a[i].length; i += 1; }
      else { change.text += b[j]; j += 1; }
    }
    at += change.gone;
    found.push(change);
  }
  return found;
}

// How many words two tails have in common: the usual table of longest common subsequences.
function lengths(a, b) {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = a[i] === b[j]
        ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  return (i, j) => table[i * width + j];
}

/** The same changes in a text that has been changed by `theirs` meanwhile; both are in places of the former text. */
export function moved(changes, theirs) {
  const place = (at) => {
    let shift = 0;
    for (const { at: from, gone, text } of theirs) {
      if (from + gone <= at && (gone || from < at)) shift += text.length - gone;
      else if (from < at) return from + shift + text.length;
    }
    return at + shift;
  };
  return changes.map(({ at, gone, text }) => {
    const start = place(at);
    return { at: start, gone: Math.max(0, place(at + gone) - start), text };
  });
}

/** Make a Y.Text that said `former` say `latter` in what differs; what others wrote since stays. */
export function change(text, former, latter) {
  const now = text.toString();
  const changes = differences(former, latter);
  for (const { at, gone, text: fresh } of (now === former ? changes : moved(changes, differences(former, now))).toReversed()) {
    if (gone) text.delete(at, gone);
    if (fresh) text.insert(at, fresh);
  }
}
