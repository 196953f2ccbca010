// Comments on words of a text: which words a thread is about now, the way to them, and how one begins about what is marked.
import * as Y from "../vendor/yjs.js";

const KEYS = "Control+Alt+M";
const MOVES = ["select", "keyup", "pointerup", "focusin"];

function position(doc, given) {
  if (!given) return null;
  try {
    const bytes = Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
    return Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(bytes), doc);
  } catch { // a client wrote something else there
    return null;
  }
}

/** Where in `text` the words of a thread are now: `{from, to}`, null when they are not in it any more. */
export function wordsOf(doc, text, field, thread) {
  const [start, end] = [position(doc, thread.start), position(doc, thread.end)];
  if (start?.type === text && end?.type === text && start.index < end.index) return { from: start.index, to: end.index };
  if (thread.field !== field || (start && start.type !== text) || thread.orphaned) return null;
  const words = text.toString();
  let best = -1;
  for (let at = words.indexOf(thread.quote); thread.quote && at >= 0; at = words.indexOf(thread.quote, at + 1)) {
    if (best < 0 || Math.abs(at - (thread.at ?? 0)) < Math.abs(best - (thread.at ?? 0))) best = at;
  }
  return best < 0 ? null : { from: best, to: best + thread.quote.length };
}

/** Let people comment on texts in `panel`; `hand()` is the node in hand, `entryOf(element)` the shared text of a field. */
export function remarks({ panel, doc, hand, entries, show }) {
  let [threads, mayWrite, current] = [[], false, ""];
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "nx-button nx-small nx-remark-it", hidden: true });
  button.dataset.own = "";
  button.setAttribute("aria-keyshortcuts", KEYS);
  let offered = null; // {entry, from, to} to comment on, or {entry, thread} to be shown

  const of = ({ text, field }) => (text ? threads.filter(({ node }) => node === hand().key)
    .map((thread) => ({ id: thread.id, isNow: thread.id === current, ...wordsOf(doc, text, field, thread) })).filter(({ from }) => from !== undefined) : []);
  const hide = () => {
    offered = null;
    button.hidden = true;
  };
  const offer = () => {
    const element = document.activeElement;
    if (element === button) return;
    const entry = entries().find((one) => one.element === element && one.text);
    if (!entry) return hide();
    const [from, to] = [element.selectionStart, element.selectionEnd];
    const over = from === to ? of(entry).find((one) => one.from <= from && to <= one.to) : null;
    if (!over && !(mayWrite && element.value.slice(from, to).trim())) return hide();
    offered = over ? { entry, thread: over.id } : { entry, from, to };
    button.replaceChildren(icon(), over ? "Show the comment" : "Comment");
    button.title = over ? "Show the comment on these words" : "Comment on the words that are marked (Ctrl+Alt+M)";
    if (button.parentElement !== element.parentElement) element.after(button);
    button.hidden = false;
  };
  const take = () => {
    if (!offered) return;
    const { entry, from, to, thread } = offered;
    hide();
    if (thread) document.dispatchEvent(new CustomEvent("nexod:show-thread", { detail: { thread } }));
    else document.dispatchEvent(new CustomEvent("nexod:comment", { detail: { ...hand(), field: { path: entry.field, start: from, end: to } } }));
  };
  const go = (id) => {
    current = id;
    for (const entry of entries()) {
      const found = of(entry).find((one) => one.id === id);
      if (!found) continue;
      const { element } = entry;
      for (let details = element.closest("details"); details; details = details.parentElement.closest("details")) details.open = true;
      element.focus({ preventScroll: true });
      element.setSelectionRange(found.from, found.to);
      show();
      const mark = panel.querySelector(`.nx-remark[data-thread="${CSS.escape(id)}"]`);
      if (mark) element.scrollTop = Math.max(0, mark.offsetTop - element.clientHeight / 3);
      element.scrollIntoView({ block: "center" });
      return true;
    }
    return false;
  };

  button.addEventListener("click", take);
  for (const name of MOVES) panel.addEventListener(name, offer);
  document.addEventListener("selectionchange", offer);
  panel.addEventListener("focusout", () => setTimeout(() => { if (!panel.contains(document.activeElement)) hide(); }));
  panel.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || !event.altKey || event.code !== "KeyM") return;
    event.preventDefault();
    offer();
    take();
  });
  document.addEventListener("nexod:threads", ({ detail }) => {
    [threads, mayWrite] = [detail.threads, detail.writes];
    show();
  });
  return { of, go };
}

function icon() {
  const made = document.createElement("span");
  made.className = "material-symbols-outlined";
  made.setAttribute("aria-hidden", "true");
  made.textContent = "add_comment";
  return made;
}
