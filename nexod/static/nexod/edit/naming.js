// Steps may be called otherwise when an answer comes: what was asked and answered with their names of then is said with those of now.
import { idsOf } from "./shape.js";

/** Remember what the steps are called: `id(one)` is what the step is called now, `said(definition)` says all of it so. */
export function naming(nodes) {
  const then = [...idsOf(nodes)];
  const isOne = (id) => then.filter(([, other]) => other === id).length === 1; // of two with one name nobody knows which is meant
  const names = () => {
    const now = idsOf(nodes);
    return new Map(then.filter(([key, id]) => now.has(key) && now.get(key) !== id && isOne(id)).map(([key, id]) => [id, now.get(key)]));
  };
  const id = (one) => names().get(one) ?? one;
  const said = (definition) => {
    const called = names();
    if (!called.size) return definition;
    const now = (one) => called.get(one) ?? one;
    return {
      ...definition,
      start: now(definition.start),
      nodes: definition.nodes.map((node) => ({ ...node, id: now(node.id), ...(node.undo ? { undo: now(node.undo) } : {}) })),
      edges: definition.edges.map((edge) => ({ ...edge, from: now(edge.from), to: now(edge.to) })),
    };
  };
  return { id, said };
}
