// The graph of a run by keyboard and pointer: one of its nodes takes the focus, arrows move it, and each leads to its step and back.
import { calm, goToStep } from "./steps.js";

const part = document.getElementById("nx-part-graph");
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
let here = "";

/** Make one node the one that Tab reaches; call it again when the graph was drawn anew. */
export function settleGraph() {
  const all = nodes();
  if (!all.some(({ id }) => id === here)) here = all.find(({ element }) => element.matches("a"))?.id ?? all[0]?.id ?? "";
  for (const { id, element } of all) element.setAttribute("tabindex", id === here ? "0" : "-1");
}

/** Listen to keys and clicks. */
export function watchGraph() {
  part.addEventListener("keydown", (event) => {
    if (!ARROWS[event.key] || !event.target.closest("[data-node]")) return;
    event.preventDefault();
    focusNode(nearest(event.target.closest("[data-node]").dataset.node, ...ARROWS[event.key]));
  });
  part.addEventListener("focusin", (event) => {
    const node = event.target.closest("[data-node]");
    if (!node) return;
    here = node.dataset.node;
    settleGraph();
  });
  part.addEventListener("click", (event) => {
    const node = event.target.closest("a")?.closest("[data-node]");
    if (!node || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    goToStep(node.dataset.node);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-to-node]");
    if (!link) return;
    event.preventDefault();
    focusNode(link.dataset.toNode);
  });
}

/** Move the focus to a node, or to the one that had it last. */
export function focusNode(id = here) {
  const found = nodes().find((node) => node.id === id);
  if (!found) return;
  found.element.focus({ preventScroll: true });
  found.element.scrollIntoView({ block: "center", inline: "center", behavior: calm() ? "auto" : "smooth" });
}

function nodes() {
  return [...part.querySelectorAll("[data-node]")].map((group) => ({ id: group.dataset.node, element: group.firstElementChild, group }));
}

// The next one in that direction: what lies straight ahead counts as nearer than what lies aside.
function nearest(from, x, y) {
  const middle = ({ group }) => {
    const box = group.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const all = nodes();
  const start = middle(all.find((node) => node.id === from));
  let best = from;
  let least = Infinity;
  for (const node of all) {
    const [dx, dy] = middle(node).map((value, axis) => value - start[axis]);
    const ahead = dx * x + dy * y;
    const aside = Math.abs(dx * y) + Math.abs(dy * x);
    if (node.id === from || ahead < 4 || ahead + 2 * aside >= least) continue;
    least = ahead + 2 * aside;
    best = node.id;
  }
  return best;
}
