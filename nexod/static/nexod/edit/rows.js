// Which element of a list is which of another: equal ones, then objects that share a field, then objects by their order.

const COMPARED_LIMIT = 250000; // pairs; beyond that only what both lists begin and end with is the same
/** Say whether a JSON value is an object. */
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** A text that is the same for equal JSON values, and only for them. */
export function label(value) {
  return JSON.stringify(value, (_, inner) => (isObject(inner) ? Object.fromEntries(Object.keys(inner).sort().map((name) => [name, inner[name]])) : inner));
}

/** `[place in former, place in latter]` of the elements that are in both, or changed from the one to the other, in order. */
export function aligned(former, latter) {
  const [olds, news] = [former.map(label), latter.map(label)];
  const whole = [0, former.length, 0, latter.length];
  const found = common(whole, (i, j) => olds[i] === news[j]);
  for (const span of gaps([...found], whole)) {
    const near = common(span, (i, j) => alike(former[i], latter[j]));
    found.push(...near);
    for (const [a, b, c, d] of gaps(near, span)) {
      if (b - a !== d - c || ![...former.slice(a, b), ...latter.slice(c, d)].every(isObject)) continue;
      for (let n = 0; n < b - a; n += 1) found.push([a + n, c + n]);
    }
  }
  return found.sort(([one], [other]) => one - other);
}

function alike(one, other) {
  if (!isObject(one) || !isObject(other)) return false;
  return Object.keys(one).some((name) => Object.hasOwn(other, name) && label(one[name]) === label(other[name]));
}

// What lies between the pairs.
function gaps(pairs, [from, end, start, last]) {
  const found = [];
  let [low, first] = [from, start];
  for (const [i, j] of [...pairs, [end, last]]) {
    if (i > low || j > first) found.push([low, i, first, j]);
    [low, first] = [i + 1, j + 1];
  }
  return found;
}

// The longest common row of the two.
function common([from, to, start, stop], same) {
  let [a, b, c, d] = [from, to, start, stop];
  const [head, tail] = [[], []];
  while (a < b && c < d && same(a, c)) {
    head.push([a, c]);
    [a, c] = [a + 1, c + 1];
  }
  while (a < b && c < d && same(b - 1, d - 1)) {
    [b, d] = [b - 1, d - 1];
    tail.unshift([b, d]);
  }
  return [...head, ...((b - a) * (d - c) <= COMPARED_LIMIT ? longest([a, b, c, d], same) : []), ...tail];
}

function longest([a, b, c, d], same) {
  const lengths = Array.from({ length: b - a + 1 }, () => new Array(d - c + 1).fill(0));
  for (let i = b - 1; i >= a; i -= 1) {
    const [row, below] = [lengths[i - a], lengths[i - a + 1]];
    for (let j = d - 1; j >= c; j -= 1) row[j - c] = same(i, j) ? below[j - c + 1] + 1 : Math.max(below[j - c], row[j - c + 1]);
  }
  const pairs = [];
  for (let [i, j] = [a, c]; i < b && j < d;) {
    if (same(i, j)) {
      pairs.push([i, j]);
      [i, j] = [i + 1, j + 1];
    } else if (lengths[i - a + 1][j - c] >= lengths[i - a][j - c + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}
