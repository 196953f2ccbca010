// A text field that is a shared text: what is typed goes into it, what others type appears, and the caret stays where it was.

/** What was typed: one place, so many characters gone, and a text; the caret tells which of equal letters it was. */
export function typed(former, latter, caret) {
  const most = Math.min(former.length, latter.length);
  let tail = 0;
  while (tail < Math.min(most, latter.length - caret) && former.at(-1 - tail) === latter.at(-1 - tail)) tail += 1;
  let head = 0;
  while (head < most - tail && former[head] === latter[head]) head += 1;
  return { at: head, gone: former.length - head - tail, text: latter.slice(head, latter.length - tail) };
}

/** Where a caret is after `delta`, a change in the words of Yjs; what comes exactly at the caret goes behind it. */
export function shifted(caret, delta) {
  let [at, place] = [0, caret];
  for (const { retain = 0, insert = "", delete: gone = 0 } of delta) {
    at += retain;
    if (insert) {
      if (at < place) place += insert.length;
      at += insert.length;
    } else if (gone && at < place) place -= Math.min(gone, place - at);
  }
  return place;
}

/** Let `element` edit the Y.Text; `origin` names who typed, for undo. Returns what ends it. */
export function bind(element, text, origin, onCaret = () => {}) {
  let known = text.toString();
  let isComposing = false;
  let meanwhile = []; // what others changed while a word is being composed
  if (element.value !== known) element.value = known;

  const take = () => {
    if (isComposing || element.value === known) return;
    const { at, gone, text: fresh } = typed(known, element.value, element.selectionEnd ?? element.value.length);
    known = element.value;
    text.doc?.transact(() => {
      if (gone) text.delete(at, gone);
      if (fresh) text.insert(at, fresh);
    }, origin);
    onCaret();
  };
  const hear = (event) => {
    if (text.toString() === known && element.value === known) return;
    if (isComposing) return void meanwhile.push(event.delta); // what others typed appears when the word is whole
    const { selectionStart, selectionEnd, selectionDirection, scrollTop, scrollLeft } = element;
    known = text.toString();
    if (element.value === known) return;
    element.value = known;
    if (document.activeElement === element) {
      element.setSelectionRange(shifted(selectionStart, event.delta), shifted(selectionEnd, event.delta), selectionDirection);
    }
    [element.scrollTop, element.scrollLeft] = [scrollTop, scrollLeft];
  };
  const compose = () => { [isComposing, meanwhile] = [true, []]; };
  const composed = () => {
    if (!isComposing) return;
    const mine = typed(known, element.value, element.selectionEnd ?? element.value.length);
    const now = text.toString();
    if (now === known) {
      isComposing = false;
      return take();
    }
    const moved = (place) => Math.min(meanwhile.reduce(shifted, place), now.length);
    const [at, end] = [moved(mine.at), moved(mine.at + mine.gone)];
    text.doc?.transact(() => {
      if (end > at) text.delete(at, end - at);
      if (mine.text) text.insert(at, mine.text);
    }, origin);
    isComposing = false;
    known = text.toString();
    element.value = known;
    if (document.activeElement === element) element.setSelectionRange(at + mine.text.length, at + mine.text.length);
    onCaret();
  };
  const listened = [["input", take], ["compositionstart", compose], ["compositionend", composed]];
  for (const [name, listener] of listened) element.addEventListener(name, listener);
  text.observe(hear);
  element.dataset.shared = "";
  return () => {
    if (isComposing) composed(); // the form is made anew in the middle of a word
    for (const [name, listener] of listened) element.removeEventListener(name, listener);
    text.unobserve(hear);
    delete element.dataset.shared;
  };
}
