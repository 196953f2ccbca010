// A definition becomes another one: written into the shared document as the least change, so that others lose nothing.
import * as Y from "../vendor/yjs.js";
import { same } from "./lists.js";
import { places } from "./places.js";
import { HEAD, NODE, ordered, plain, rootsOf } from "./shape.js";
import { put } from "./values.js";

const TEXTS = new Set(["name", "description", "title"]);

function putWhole(map, name, before, after) {
  if (same(before, after)) return;
  if (after === undefined) map.delete(name);
  else map.set(name, after);
}

function free(map, wanted) {
  let key = wanted;
  for (let n = 2; map.has(key); n += 1) key = `${wanted}~${n}`;
  return key;
}

// Lists of nodes as [occurrence, node]: the second node with one id is another one.
function counted(nodes = []) {
  const seen = new Map();
  return new Map(nodes.map((node) => {
    const count = (seen.get(node.id) ?? 0) + 1;
    seen.set(node.id, count);
    return [count === 1 ? node.id : `${node.id}\n${count}`, node];
  }));
}

function keysOf(nodes) {
  return new Map([...counted(ordered(nodes).map(([key, node]) => ({ id: plain(node.get("id")), key })))].map(([name, { key }]) => [name, key]));
}

function changeNodes(nodes, before, after, renamed) {
  const keys = keysOf(nodes);
  const former = new Map(keys);
  const [old, wanted] = [counted(before.nodes), counted(after.nodes)];
  for (const [from, to] of Object.entries(renamed)) {
    if (!keys.has(from) || !old.has(from) || keys.has(to)) continue;
    for (const names of [keys, old]) {
      names.set(to, names.get(from));
      names.delete(from);
    }
  }
  for (const id of old.keys()) {
    if (wanted.has(id) || !keys.has(id)) continue;
    nodes.delete(keys.get(id));
    keys.delete(id);
  }
  for (const [name, { id }] of wanted) {
    if (keys.has(name) || old.has(name)) continue; // what somebody else took away meanwhile stays away
    const key = free(nodes, String(id));
    nodes.set(key, new Y.Map());
    keys.set(name, key);
  }
  for (const [name, node] of wanted) if (keys.has(name)) changeNode(nodes.get(keys.get(name)), old.get(name) ?? {}, node, keys);
  const found = (names) => names.map((name) => keys.get(name)).filter((key) => key !== undefined);
  arrange(nodes, found([...wanted.keys()]), found([...old.keys()].filter((name) => wanted.has(name))));
  return [former, keys];
}

function changeNode(entry, before, after, keys) {
  for (const name of NODE) {
    if (name === "config" || TEXTS.has(name)) put(entry, name, before[name], after[name]);
    else if (name === "undo") putWhole(entry, name, entry.get("undo"), keys.get(after.undo) ?? after.undo);
    else putWhole(entry, name, before[name], after[name]);
  }
}

// Their places: our order where we moved something, else the one that is there with the new among it.
function arrange(map, after, before) {
  const there = ordered(map);
  const [wished, stood] = [new Set(after), new Set(before)];
  const now = new Map(there.filter(([, entry]) => entry.has("at")).map(([key, , at]) => [key, at]));
  const current = there.map(([key]) => key).filter((key) => now.has(key) && (!wished.has(key) || stood.has(key)));
  const kept = after.filter((key) => stood.has(key));
  const isMoved = !same(kept, before.filter((key) => wished.has(key)));
  const order = isMoved ? woven(after, current) : woven(current, after);
  for (const [key, at] of places(order, now)) map.get(key).set("at", at);
}

// The first list with what only the second has, each behind what precedes it there; at the end if they share nothing.
function woven(first, second) {
  const known = new Set(first);
  const behind = new Map();
  let place = second.some((key) => known.has(key)) ? null : first.at(-1) ?? null;
  for (const key of second) {
    if (known.has(key)) place = key;
    else behind.set(place, [...(behind.get(place) ?? []), key]);
  }
  return [...(behind.get(null) ?? []), ...first.flatMap((key) => [key, ...(behind.get(key) ?? [])])];
}

const told = ({ from, to, when = "" }) => JSON.stringify([from, when, to]);

function changeEdges(edges, before = [], after = [], old, keys) {
  const ways = (list, names) => new Map(list.filter(({ from, to }) => names.has(from) && names.has(to))
    .map((edge) => ({ from: names.get(edge.from), to: names.get(edge.to), when: edge.when ?? "" })).map((way) => [told(way), way]));
  const [former, wanted] = [ways(before, old), ways(after, keys)];
  const standing = () => new Map(ordered(edges).map(([key, edge]) => [key, told({ from: edge.get("from"), to: edge.get("to"), when: plain(edge.get("when")) || "" })]));
  const there = standing();
  for (const [key, way] of there) if (former.has(way) && !wanted.has(way)) edges.delete(key);
  const known = new Set(there.values());
  for (const [name, { from, to, when }] of wanted) {
    if (former.has(name) || known.has(name)) continue;
    edges.set(free(edges, `${from}|${when}|${to}`), new Y.Map(Object.entries({ from, to, when })));
  }
  const keyOf = new Map([...standing()].map(([key, way]) => [way, key]));
  const found = (names) => names.map((way) => keyOf.get(way)).filter((key) => key !== undefined);
  arrange(edges, found([...wanted.keys()]), found([...former.keys()].filter((way) => wanted.has(way))));
}

/**
 * Write what turns `before` into `after` into the document; what others changed since `before` stays.
 *
 * `renamed` tells which ids became which; `origin` names who did it, for undo.
 */
export function apply(doc, before, after, { origin = null, renamed = {} } = {}) {
  doc.transact(() => {
    const { workflow, nodes, edges } = rootsOf(doc);
    const [former, keys] = changeNodes(nodes, before, after, renamed);
    for (const name of HEAD) {
      if (TEXTS.has(name)) put(workflow, name, before[name], after[name]);
      else if (name !== "start") putWhole(workflow, name, before[name], after[name]);
      else if (before.start !== after.start) putWhole(workflow, name, workflow.get(name), keys.get(after.start) ?? after.start);
    }
    changeEdges(edges, before.edges, after.edges, former, keys);
  }, origin);
}
