// What agents, crews and knowledge bases are set to, in their shared document: how it is read, and how a chosen value is written.
import { same } from "./lists.js";
import { isObject } from "./rows.js";
import { plain } from "./shape.js";
import { put } from "./values.js";
import * as Y from "../vendor/yjs.js";

/** The fields that are set; the document may have others of other clients. */
export function contentOf(head, fields) {
  return Object.fromEntries(fields.filter((name) => head.has(name)).map((name) => [name, plain(head.get(name))]));
}

/** Which field a control of the form belongs to: `tools` for `tools-0-approval`; "" for none. */
export function fieldOf(name, fields) {
  return fields.filter((field) => name === field || name.startsWith(`${field}-`)).sort((a, b) => b.length - a.length)[0] ?? "";
}

/** Write a value that was chosen: objects field by field, lists by elements, all else as a whole, for two choices are no text. */
export function choose(map, name, before, after) {
  if (same(before, after)) return;
  const now = map.get(name);
  if (after === undefined) map.delete(name);
  else if (Array.isArray(after)) put(map, name, before, after);
  else if (isObject(after)) {
    if (!(now instanceof Y.Map)) map.set(name, new Y.Map());
    const former = isObject(before) && now instanceof Y.Map ? before : {};
    for (const inner of new Set([...Object.keys(former), ...Object.keys(after)])) choose(map.get(name), inner, former[inner], after[inner]);
  } else map.set(name, after);
}
