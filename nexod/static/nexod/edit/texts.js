// Which shared text stands behind a field of a node's form: the server tells for plain ones, rows of maps tell it by their keys.
import * as Y from "../vendor/yjs.js";
import { isBlank, isOwn } from "./own-rows.js";

/** A place in a shared map: `{map, name, path}`; what stands there is `map.get(name)`. */
const place = (map, name, path) => ({ map, name, path: [...path, name] });

/** Where the text of a field is, null when the field is something else; `texts` is what the server told of this form. */
export function placeOf(node, field, texts, root) {
  const told = texts[field];
  if (told) return walk(node, told);
  const config = node.get("config");
  if (!field.startsWith("config-") || !(config instanceof Y.Map)) return null;
  const found = search(config, field.slice("config-".length), "config", ["config"], root);
  return found?.map.get(found.name) instanceof Y.Text ? found : null;
}

function walk(node, path) {
  let map = node;
  for (const name of path.slice(0, -1)) {
    map = map.get(name);
    if (!(map instanceof Y.Map)) return null;
  }
  return place(map, path.at(-1), path.slice(0, -1));
}

// "outputs-0-@value-1-cel" in a map: the names that begin it, the key of row 0 as the form says it, the chosen shape left out.
function search(map, rest, before, path, root) {
  if (map.has(rest)) return place(map, rest, path);
  for (const [name, value] of map.entries()) {
    if (!rest.startsWith(`${name}-`)) continue;
    const [inside, deeper] = [rest.slice(name.length + 1), [...path, name]];
    if (!(value instanceof Y.Map || value instanceof Y.Array)) continue;
    const found = value instanceof Y.Array ? item(value, inside, `${before}-${name}`, deeper, root) : row(value, inside, `${before}-${name}`, deeper, root) ?? search(value, inside, `${before}-${name}`, deeper, root)
      ?? shape(value, inside, `${before}-${name}`, deeper, root);
    if (found) return found;
  }
  return null;
}

function row(map, rest, before, path, root) {
  const [, number, inside] = /^(\d+)-@value(?:-(.*))?$/.exec(rest) ?? [];
  if (number === undefined) return null;
  const key = root.querySelector(`[name="${CSS.escape(`${before}-${number}-@key`)}"]`)?.value;
  if (!key || !map.has(key)) return null;
  if (inside === undefined) return place(map, key, path);
  const value = map.get(key);
  if (!(value instanceof Y.Map)) return null;
  const [name, deeper] = [`${before}-${number}-@value`, [...path, key]];
  return search(value, inside, name, deeper, root) ?? shape(value, inside, name, deeper, root);
}

// The row's place on the page is that of the element, whatever its number is; rows in which nothing stands are none.
function item(array, rest, before, path, root) {
  const [, number, inside] = /^(\d+)-(.+)$/.exec(rest) ?? [];
  const found = number !== undefined && root.querySelector(`[data-row="${CSS.escape(`${before}-${number}`)}"]`);
  const index = found ? [...found.parentElement.querySelectorAll(":scope > [data-row]")].filter((one) => !isBlank(one) && !isOwn(one)).indexOf(found) : -1;
  const value = index < 0 || index >= array.length ? null : array.get(index);
  return value instanceof Y.Map ? search(value, inside, `${before}-${number}`, [...path, index], root) : null;
}

function shape(map, rest, before, path, root) {
  const [, number, inside] = /^(\d+)-(.+)$/.exec(rest) ?? [];
  return number === undefined ? null : search(map, inside, `${before}-${number}`, path, root);
}
