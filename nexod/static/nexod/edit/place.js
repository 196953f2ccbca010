// What this person has in hand, told to the others: the node, the field, the caret in its text as Yjs keeps it.
import * as Y from "../vendor/yjs.js";

const TELL_AFTER_MS = 40;

/** Tell `awareness` where we are; `at.node(key)`, `at.field(name)`, `at.caret(field, text, start, end)`. */
export function telling(awareness, me, onField = () => {}) {
  let [at, timer] = [{}, 0];
  const tell = () => {
    timer = 0;
    if (awareness.getLocalState()) awareness.setLocalStateField("at", at);
  };
  const soon = () => { timer ||= setTimeout(tell, TELL_AFTER_MS); };
  awareness.setLocalState({ user: me, at });
  return {
    node(key) {
      at = { node: key };
      soon();
    },
    field(field) {
      if (at.field === field && !at.from) return;
      at = field ? { node: at.node, field } : { node: at.node };
      soon();
    },
    caret(field, text, start, end) {
      const point = (index) => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, Math.min(index, text.length)));
      at = { node: at.node, field, from: point(start), to: point(end) };
      onField({ path: field, start, end });
      soon();
    },
  };
}

/** Where a told caret is in a text now: `{from, to, head}`, null when it is not in this text. */
export function caretIn(doc, text, { from, to }) {
  if (!from || !to) return null;
  const index = (point) => {
    const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(point), doc);
    return found?.type === text ? found.index : null;
  };
  const [start, end] = [index(from), index(to)];
  return start === null || end === null ? null : { from: Math.min(start, end), to: Math.max(start, end), head: end };
}
