// A value in the shared document becomes another by its least change: texts by words, maps by fields, lists by elements.
import * as Y from "../vendor/yjs.js";
import { mergedList, same, together } from "./lists.js";
import { isObject } from "./rows.js";
import { plain } from "./shape.js";
import { change } from "./text.js";

/** What a value of `config` is in the document: shared maps, arrays and texts for objects, lists and strings; all else is plain. */
export function shared(value) {
  if (typeof value === "string") return new Y.Text(value);
  if (Array.isArray(value)) return Y.Array.from(value.map(element));
  if (!isObject(value)) return value;
  return new Y.Map(Object.keys(value).sort().map((name) => [name, shared(value[name])]));
}

// In a list an object is a shared map, all else is replaced as a whole, also a string.
const element = (value) => (isObject(value) ? shared(value) : value);

// An array becomes what it says now with what leads from `before` to `after`; what others put in, took out or changed stays.
function putList(array, before, after) {
  const now = plain(array);
  let [place, known] = [0, 0];
  for (const item of mergedList(Array.isArray(before) ? before : [], now, after)) {
    if (item.now === null) array.insert(place, [element(item.fresh)]);
    else {
      if (item.now > known) array.delete(place, item.now - known);
      known = item.now + 1;
      if (item.change) putElement(array, place, item.change, now[item.now]);
    }
    place += 1;
  }
  if (place < array.length) array.delete(place, array.length - place);
}

function putElement(array, place, [before, after], now) {
  const found = array.get(place);
  if (found instanceof Y.Map) return putAll(found, before, after);
  array.delete(place, 1);
  array.insert(place, [element(together(before, now, after))]);
}

function putAll(map, before, after) {
  for (const inner of new Set([...Object.keys(before), ...Object.keys(after)])) put(map, inner, before[inner], after[inner]);
}

/** Change an entry of a map; where both sides are texts, objects or lists, only what differs inside. */
export function put(map, name, before, after) {
  if (same(before, after)) return;
  const now = map.get(name);
  if (after === undefined) map.delete(name);
  else if (typeof after === "string" && now instanceof Y.Text) change(now, typeof before === "string" ? before : plain(now), after);
  else if (isObject(after) && now instanceof Y.Map) putAll(now, isObject(before) ? before : {}, after);
  else if (Array.isArray(after) && now instanceof Y.Array) putList(now, before, after);
  else map.set(name, shared(together(before, now, after))); // what is there may be plain, as lists were once
}
