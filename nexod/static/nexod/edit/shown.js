// What the form of a node was made of. What a person changed in it is the difference to that, whatever others changed since.
import { idsOf, rootsOf } from "./shape.js";

const PARTS = /^(config|step|way)-/;
const NAMES = /^(way-\d+-to|step-undo)$/;

/** Remember what the form of the node `key` shows: the `node` and the `edges` of a definition that the server was told. */
export function shownOf(doc, key, { nodes, edges }) {
  const { nodes: all } = rootsOf(doc);
  const keys = new Map([...idsOf(all)].map(([one, id]) => [id, one]));
  const id = idsOf(all).get(key);
  return { key, keys, node: nodes.find((node) => node.id === id), edges: edges.filter(({ from }) => from === id) };
}

/** What the form says now, as the server takes it; `texts` are the places of its shared texts, whose words are no change of ours. */
export function given(shown, form, texts, keep) {
  const data = new FormData();
  for (const [name, value] of new FormData(form)) if (PARTS.test(name)) data.append(name, value);
  data.append("keep", keep ? "1" : "0");
  return { shown, data, texts: texts.filter(({ text }) => text).map(({ element, place }) => [place.path, element.value]) };
}

/** The definition that the server is asked of, and the data, both with nodes called as they are now; null when the node is gone. */
export function asked(doc, { shown, data, texts }, definition) {
  const ids = idsOf(rootsOf(doc).nodes);
  const id = ids.get(shown.key);
  if (id === undefined || !shown.node) return null;
  const now = (name) => ids.get(shown.keys.get(name)) ?? name;
  const node = structuredClone({ ...shown.node, id });
  if (node.undo) node.undo = now(node.undo);
  for (const [path, words] of texts) write(node, path, words);
  const edges = shown.edges.map((edge) => ({ ...edge, from: id, to: now(edge.to) }));
  const fresh = new FormData();
  for (const [name, value] of data) fresh.append(name, NAMES.test(name) && value ? now(value) : value);
  fresh.append("node", id);
  const nodes = definition.nodes.map((one) => (one.id === id ? node : one));
  return { before: { ...definition, nodes, edges }, data: fresh, id };
}

function read(value, path) {
  return path.reduce((part, step) => part?.[step], value);
}

function write(value, path, words) {
  const holder = read(value, path.slice(0, -1));
  if (holder && typeof holder === "object") holder[path.at(-1)] = words;
}
