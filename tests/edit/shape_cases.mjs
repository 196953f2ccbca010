// The shared table of cases, done with the editor's own modules: prints what each case gave, as JSON.
import { readFileSync } from "node:fs";
import { apply } from "../../nexod/static/nexod/edit/change.js";
import { together } from "../../nexod/static/nexod/edit/lists.js";
import { definitionOf, rootsOf } from "../../nexod/static/nexod/edit/shape.js";
import * as Y from "../../nexod/static/nexod/vendor/yjs.js";

const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));

function built(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value;
  if ("text" in value) return new Y.Text(value.text);
  if ("array" in value) return Y.Array.from(value.array.map(built));
  if (!("map" in value)) return value;
  return new Y.Map(Object.entries(value.map).map(([name, inner]) => [name, built(inner)]));
}

function json(doc) {
  return Object.fromEntries(Object.entries(rootsOf(doc)).map(([name, map]) => [name, map.toJSON()]));
}

const seeded = (definition) => {
  const doc = new Y.Doc();
  apply(doc, {}, definition);
  return doc;
};

const seed = cases.seed.map(({ definition }) => {
  const doc = seeded(definition);
  return { document: json(doc), definition: definitionOf(doc) };
});
const written = (document) => {
  const doc = new Y.Doc();
  for (const [name, entries] of Object.entries(document)) {
    for (const [key, value] of Object.entries(entries)) doc.getMap(name).set(key, built(value));
  }
  return doc;
};
const read = cases.read.map(({ document }) => definitionOf(written(document)));
const changed = cases.apply.map(({ before, after, now = null, document = null, renames = {} }) => {
  const doc = document ? written(document) : seeded(before);
  if (now) apply(doc, before, now);
  apply(doc, before, after, { renamed: renames });
  return definitionOf(doc);
});
const lists = cases.lists.map(({ before, now, after }) => together(before, now, after));
console.log(JSON.stringify({ seed, read, apply: changed, lists }));
