// The definition as text: it follows the shared document, and what is written in it becomes the least change of it.
import { apply } from "./change.js";
import { shifted } from "./field.js";
import { lineOf, numbered } from "./lines.js";
import { same } from "./lists.js";
import { definitionOf } from "./shape.js";
import { differences } from "./text.js";

const WRITE_AFTER_MS = 400;

const isDefinition = (value) => value !== null && typeof value === "object" && Array.isArray(value.nodes)
  && value.nodes.every((node) => typeof node?.id === "string") && (value.edges ?? []).every?.((edge) => typeof edge?.from === "string" && typeof edge?.to === "string");

/** Let `area` be the text of the document while it is shown; `onState` hears what keeps it from being taken. */
export function json({ area, doc, origin, writes, onState, onHeld = () => {} }) {
  const { frame, number, go } = numbered(area);
  let [base, isShown, isOpen, timer] = [null, false, false, 0];
  const text = (definition) => JSON.stringify(definition, null, 2);

  const follow = () => {
    if (!isShown || isOpen) return;
    const now = definitionOf(doc);
    const fresh = text(now);
    base = now;
    if (area.value === fresh) return;
    const changes = differences(area.value, fresh);
    let at = 0;
    const delta = changes.flatMap(({ at: from, gone, text: insert }) => {
      const steps = [{ retain: from - at }, ...(gone ? [{ delete: gone }] : []), ...(insert ? [{ insert }] : [])];
      at = from + gone;
      return steps;
    });
    const { selectionStart, selectionEnd, scrollTop, scrollLeft } = area;
    area.value = fresh;
    area.setSelectionRange(shifted(selectionStart, delta), shifted(selectionEnd, delta));
    [area.scrollTop, area.scrollLeft] = [scrollTop, scrollLeft];
    number();
  };
  const take = () => {
    let given = null;
    try {
      given = JSON.parse(area.value);
    } catch { /* it is being written */ }
    if (!isDefinition(given)) return onState("Not taken yet: this is no definition. Others do not see it.");
    onState("");
    isOpen = false;
    onHeld(false);
    if (!same(base, given)) apply(doc, base, given, { origin });
    base = definitionOf(doc);
    if (document.activeElement !== area) follow();
  };
  area.addEventListener("input", () => {
    isOpen = true;
    onHeld(true);
    number();
    clearTimeout(timer);
    timer = setTimeout(take, WRITE_AFTER_MS);
  });
  area.addEventListener("blur", () => { if (isOpen) take(); follow(); });
  area.readOnly = !writes;
  return {
    frame,
    follow,
    show(shown) {
      isShown = shown;
      frame.hidden = !shown;
      if (shown) follow();
    },
    format() {
      if (isOpen) take();
      if (!isOpen) { area.value = text(definitionOf(doc)); number(); }
    },
    problems(found) {
      const lines = area.value.split("\n");
      number(new Set(found.map((problem) => lineOf(problem, lines)).filter((line) => line >= 0)));
    },
    goTo(problem) {
      const line = lineOf(problem, area.value.split("\n"));
      if (line >= 0) go(line);
    },
  };
}
