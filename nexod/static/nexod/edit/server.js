// What the server does with a definition: changes of its structure, the forms of nodes, its drawing. Nothing is stored by it, so it may be asked twice.
import { Unreachable } from "./errands.js";

const AWAY = new Set([408, 425, 429, 502, 503, 504]); // the server, or what stands before it, has no time or is not there

/** Ask for one operation; returns the answer, throws Unreachable, or another Error that says why not. */
export async function ask(address, what, definition, more = {}) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  body.append("live", "1");
  body.append("do", what);
  body.append("definition", JSON.stringify(definition));
  for (const [name, value] of more instanceof FormData ? more : Object.entries(more)) body.append(name, value);
  const response = await fetch(address, { method: "POST", body }).catch(() => null);
  if (!response || AWAY.has(response.status)) throw new Unreachable("The server cannot be reached.");
  const answer = await response.json().catch(() => null);
  if (response.ok && answer && !response.redirected) return answer;
  if (response.redirected || response.status === 403) throw new Error(answer?.refused ?? answer?.error?.message ?? "You are signed out. Load the page again.");
  throw new Error(answer?.refused ?? answer?.error?.message ?? `The server could not do that (${response.status}).`);
}

const OUTLINE = ["id", "type", "title", "undo"];

/** The definition without what its nodes are told to do, but for the node `whole`, and only with the edges that `leave`. */
export function outline(definition, whole = "", leave = null) {
  const nodes = definition.nodes.map((node) => {
    if (node.id === whole) return node;
    const found = Object.fromEntries(OUTLINE.filter((name) => name in node).map((name) => [name, node[name]]));
    return node.type === "map" ? { ...found, config: { each: node.config?.each } } : found;
  });
  const edges = leave === null ? definition.edges : definition.edges.filter(({ from }) => from === leave);
  return { start: definition.start, nodes, edges };
}
