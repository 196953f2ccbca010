// A workflow's definition in its shared document: how it is read. Writing is in change.js; docs/co-edit.md tells the shape.
import * as Y from "../vendor/yjs.js";

export const HEAD = ["format", "name", "description", "inputs", "start", "limits"];
export const NODE = ["id", "type", "title", "config", "timeout_s", "retry", "undo"];

/** The three roots of a shared document. */
export function rootsOf(doc) {
  return { workflow: doc.getMap("workflow"), nodes: doc.getMap("nodes"), edges: doc.getMap("edges") };
}

/** A JSON value of what stands in the document: maps and texts become objects and strings, with names in one order. */
export function plain(value) {
  if (value instanceof Y.Text) return value.toString();
  if (value instanceof Y.Map || value instanceof Y.Array) return tidy(value.toJSON());
  return tidy(value);
}

function tidy(value) {
  if (Array.isArray(value)) return value.map(tidy);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, tidy(value[name])]));
}

const isMap = (value) => value instanceof Y.Map;

/** The entries of `nodes` or `edges` in their order: by `at`, then by key. */
export function ordered(map) {
  const at = (entry) => (typeof entry.get("at") === "number" ? entry.get("at") : 0);
  return [...map.entries()].filter(([, entry]) => isMap(entry)).map(([key, entry]) => [key, entry, at(entry)])
    .sort(([a, , one], [b, , other]) => one - other || (a < b ? -1 : a > b ? 1 : 0));
}

/** Which id each key's node has now. */
export function idsOf(nodes) {
  return new Map([...nodes.entries()].filter(([, node]) => isMap(node))
    .map(([key, node]) => [key, plain(node.get("id"))])
    .filter(([, id]) => typeof id === "string"));
}

/** The key of the first node with that id, "" when there is none. */
export function keyOf(doc, id) {
  return ordered(rootsOf(doc).nodes).find(([, node]) => plain(node.get("id")) === id)?.[0] ?? "";
}

function nodeOf(node, ids) {
  const found = {};
  for (const name of NODE) if (node.has(name)) found[name] = plain(node.get(name));
  if ("undo" in found) {
    found.undo = ids.get(found.undo) ?? undefined;
    if (found.undo === undefined) delete found.undo;
  }
  return found;
}

function edgeOf(edge, ids) {
  const when = plain(edge.get("when"));
  return { from: ids.get(edge.get("from")), to: ids.get(edge.get("to")), ...(when && typeof when === "string" ? { when } : {}) };
}

/** The definition that the document says now; edges of nodes that are gone are left out. */
export function definitionOf(doc) {
  const { workflow, nodes, edges } = rootsOf(doc);
  const ids = idsOf(nodes);
  const found = {};
  for (const name of HEAD) if (workflow.has(name)) found[name] = plain(workflow.get(name));
  if ("start" in found) found.start = ids.get(found.start) ?? found.start;
  found.nodes = ordered(nodes).map(([, node]) => nodeOf(node, ids));
  const leads = ([, edge]) => ids.get(edge.get("from")) !== undefined && ids.get(edge.get("to")) !== undefined;
  found.edges = ordered(edges).filter(leads).map(([, edge]) => edgeOf(edge, ids));
  return found;
}
