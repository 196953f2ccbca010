// The text fields of a form are shared texts: bound when the form is shown, with the carets of others; made when first typed into.
import * as Y from "../vendor/yjs.js";
import { showCarets } from "./carets.js";
import { bind } from "./field.js";
import { othersIn } from "./people.js";
import { caretIn } from "./place.js";

const CARET_EVENTS = ["keyup", "pointerup", "focus", "select"];

/** Bind fields one after the other by `add(element, place)`; `clear()` lets go of all, `show()` draws the others' carets. */
export function fields({ doc, awareness, origin, at, remarksOf = () => [] }) {
  let bound = [];

  const add = (element, place, field = place.path.join(".")) => {
    const entry = { element, place, field, text: null, unbind: null };
    let begun = null; // the text that was begun here
    const tell = () => {
      if (document.activeElement !== element) return;
      if (entry.text) at.caret(field, entry.text, element.selectionStart, element.selectionEnd);
      else at.field(field);
    };
    const hold = () => {
      const text = place.map.get(place.name);
      if (text === entry.text || !(text instanceof Y.Text)) return;
      entry.unbind?.();
      entry.text = text;
      entry.unbind = bind(element, text, origin, tell);
    };
    const begin = () => { // nobody has written here yet
      if (place.map.get(place.name) instanceof Y.Text) return;
      doc.transact(() => place.map.set(place.name, new Y.Text(element.value)), origin);
      begun = place.map.get(place.name);
      hold();
      tell();
    };
    const leave = () => at.field("");
    const taken = (event) => {
      if (!event.keysChanged.has(place.name)) return;
      const now = place.map.get(place.name);
      const [former, words] = [entry.text, element.value];
      if (now instanceof Y.Text) {
        hold();
        if (former && former === begun && now !== begun && words && !event.transaction.local) both(now, words);
        return;
      }
      entry.unbind?.();
      [entry.unbind, entry.text, element.value] = [null, null, typeof now === "string" ? now : ""];
      if (now === undefined && words && document.activeElement === element && !event.transaction.local) again(words);
    };
    // Two began it at the same moment, and only one text can stand there: the words of this one go behind those of the other.
    const both = (now, words) => {
      begun = null;
      queueMicrotask(() => doc.transact(() => now.insert(now.length, words), origin));
    };
    // Somebody found it empty and took it away while it was being written in.
    const again = (words) => queueMicrotask(() => {
      if (place.map.get(place.name) !== undefined || place.map.doc !== doc) return;
      element.value = words;
      begin();
    });
    for (const name of CARET_EVENTS) element.addEventListener(name, tell);
    element.addEventListener("blur", leave);
    element.addEventListener("input", begin);
    place.map.observe(taken);
    hold();
    entry.end = () => {
      for (const name of CARET_EVENTS) element.removeEventListener(name, tell);
      element.removeEventListener("blur", leave);
      element.removeEventListener("input", begin);
      place.map.unobserve(taken);
      entry.unbind?.();
    };
    bound.push(entry);
  };

  const show = (node) => {
    const others = othersIn(awareness).filter((person) => person.at.from && (person.at.node ?? "") === node);
    for (const entry of bound) {
      const { element, text, field } = entry;
      if (!text || !element.isConnected) continue;
      const here = others.filter((person) => person.at.field === field)
        .map((person) => ({ ...person, ...caretIn(doc, text, person.at) })).filter(({ head }) => head !== undefined);
      showCarets(element, here, remarksOf(entry));
    }
  };
  return {
    add,
    show,
    of: (element) => bound.find((entry) => entry.element === element),
    all: () => bound,
    clear() {
      for (const { end } of bound) end();
      bound = [];
    },
  };
}
