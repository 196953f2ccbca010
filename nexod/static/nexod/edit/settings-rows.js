// The rows of settings (the tasks of a crew) in their shared document and on the page, where each has the key of the document.
import { same } from "./lists.js";
import { ordered, plain } from "./shape.js";
import { put } from "./values.js";
import * as Y from "../vendor/yjs.js";

const NONE = { content: () => ({}), map: null, name: "", mark: () => true, follow() {}, choose() {}, placeOf: () => "", controlOf: () => null, keyOf: () => "", texts: () => [] };

/** `shape` is what the page says of its rows: `rowsOf`, `rowFields`, `rowTexts` and `newRow`; `bound()` returns texts of the form, as `fields` does. */
export function settingsRows({ doc, form, shape, origin, bound }) {
  if (!shape.rowsOf) return NONE;
  const [name, fields, texts] = [shape.rowsOf, shape.rowFields.split(" "), shape.rowTexts.split(" ")];
  const map = doc.getMap(name);
  const list = () => form.querySelector(`[data-rows="${name}"] > [data-list]`);
  const items = () => [...list().querySelectorAll(":scope > [data-key]")];
  const slugOf = (row) => String(plain(row.get("slug")) ?? "");
  const shared = new Map(); // key -> { texts, elements }

  const content = () => ({ [name]: ordered(map).map(([, row]) => Object.fromEntries(fields.filter((field) => row.has(field)).map((field) => [field, plain(row.get(field))]))) });

  // Say which row of the document each line of a form is; false when the form was made of another state.
  const mark = (fresh) => {
    const lines = [...fresh.children].filter((line) => line.matches("[data-row]"));
    const rows = ordered(map);
    if (lines.length !== rows.length || rows.some(([, row], n) => lines[n].dataset.slug !== slugOf(row))) return false;
    rows.forEach(([key], n) => { lines[n].dataset.key = key; });
    return true;
  };

  const follow = () => {
    const now = new Map(items().map((line) => [line.dataset.key, line]));
    for (const [key, { row, elements, all }] of shared) {
      if (now.has(key) && map.get(key) === row && elements.every((element) => now.get(key).contains(element))) continue;
      all.clear();
      shared.delete(key);
    }
    for (const [key, line] of now) {
      const row = map.get(key);
      if (shared.has(key) || !(row instanceof Y.Map)) continue;
      const all = bound();
      const elements = texts.map((field) => line.querySelector(`[data-field="${field}"] textarea`)).filter(Boolean);
      elements.forEach((element) => {
        const field = element.closest("[data-field]").dataset.field;
        all.add(element, { map: row, name: field, path: [name, key, field] });
      });
      shared.set(key, { row, elements, all });
    }
  };

  const choose = (key, field, after) => {
    const row = map.get(key);
    if (!(row instanceof Y.Map) || after === undefined) return;
    const before = plain(row.get(field));
    if (same(before, after)) return;
    if (Array.isArray(after)) put(row, field, before, after);
    else row.set(field, after);
    if (field === "slug" && before && after && !slugs().includes(before)) told(before, after);
  };
  const slugs = () => ordered(map).map(([, row]) => slugOf(row));
  // Who reads the results of a row goes on to read them under its new name, or no longer when it is gone.
  const told = (former, latter) => {
    for (const [, row] of ordered(map)) {
      const before = plain(row.get("context"));
      if (!Array.isArray(before) || !before.includes(former)) continue;
      put(row, "context", before, before.flatMap((slug) => (slug === former ? latter : [slug])));
    }
  };

  const add = () => {
    const [taken, last] = [slugs(), ordered(map).at(-1)];
    let number = taken.length + 1;
    while (taken.includes(`task-${number}`)) number += 1;
    const key = `${doc.clientID.toString(36)}-${Date.now().toString(36)}`;
    const values = { ...JSON.parse(shape.newRow), slug: `task-${number}`, at: (last?.[2] ?? 0) + 1 };
    map.set(key, new Y.Map(Object.entries(values).map(([field, value]) => [field, texts.includes(field) ? new Y.Text(value) : Array.isArray(value) ? Y.Array.from(value) : value])));
    return key;
  };
  const remove = (key) => {
    const slug = slugOf(map.get(key));
    map.delete(key);
    if (slug && !slugs().includes(slug)) told(slug, []);
  };
  const move = (key, by) => {
    const rows = ordered(map).filter(([other]) => other !== key);
    const place = ordered(map).findIndex(([other]) => other === key) + by;
    if (place < 0 || place > rows.length) return;
    const [before, after] = [rows[place - 1]?.[2], rows[place]?.[2]];
    map.get(key).set("at", before === undefined ? after - 1 : after === undefined ? before + 1 : (before + after) / 2);
  };

  const lineOf = (control) => control?.closest?.(`[data-rows="${name}"] > [data-list] > [data-key]`);
  /** `add` a row, or `remove` the row with that key, or move it `up` or `down`; returns the key of what was added. */
  const act = (what, key) => {
    let added = "";
    doc.transact(() => {
      if (what === "add") added = add();
      else if (!map.has(key)) return; // somebody else took it out
      else if (what === "remove") remove(key);
      else move(key, what === "up" ? -1 : 1);
    }, origin);
    return added;
  };

  const keyFor = (said) => {
    const rows = ordered(map);
    return (rows.find(([key]) => key === said) ?? rows.find(([, row]) => slugOf(row) === said) ?? rows[/^\d+$/.test(said) ? Number(said) : -1])?.[0] ?? said;
  };
  return {
    name, map, content, mark, follow, choose, act,
    keyOf: (control) => lineOf(control)?.dataset.key ?? "",
    /** `tasks.<key>.agent` of a control. */
    placeOf(control) {
      const field = control.closest?.(`[data-key] > .nx-row-fields [data-field]`)?.dataset.field;
      return field && lineOf(control) ? [name, lineOf(control).dataset.key, field].join(".") : "";
    },
    /** The control of `tasks.<key, slug or number>.agent`; of a row, its first. */
    controlOf(place) {
      const [first, said, field] = place.split(".");
      if (first !== name || !said) return null;
      const line = items().find(({ dataset }) => dataset.key === keyFor(said));
      return line?.querySelector(`${field ? `[data-field="${field}"] ` : ""}:is(input:not([type=hidden]), select, textarea:not([hidden]))`) ?? null;
    },
    texts: () => [...shared.values()].map(({ all }) => all),
  };
}
