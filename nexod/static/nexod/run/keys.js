// Single keys that move about on the page of a run. They can be switched off, and never take a letter from a field.
import { focusNode } from "./graph.js";

const OFF = "nexod.keys.off";
const help = document.getElementById("nx-help");
const switch_ = document.getElementById("nx-keys-on");
const ACTS = {
  "?": () => help.showModal(),
  a: () => focus(document.querySelector("#nx-part-approval :is(h2 a, button, textarea)")),
  s: () => focus(document.querySelector("#nx-part-steps summary") ?? document.getElementById("nx-h-steps")),
  t: () => focus(document.querySelector(".nx-run-time")),
  g: () => focusNode(),
  j: () => step(1),
  k: () => step(-1),
};

/** Listen to the keys, and to the button that tells which there are. */
export function watchKeys() {
  switch_.checked = localStorage.getItem(OFF) !== "1";
  switch_.addEventListener("change", () => localStorage.setItem(OFF, switch_.checked ? "0" : "1"));
  document.getElementById("nx-help-open").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !ACTS[event.key] || !switch_.checked) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]")) return;
    event.preventDefault();
    ACTS[event.key]();
  });
}

function step(by) {
  const all = [...document.querySelectorAll("#nx-part-steps .nx-steps-list > details > summary")];
  const now = all.indexOf(document.activeElement.closest?.(".nx-steps-list > details")?.firstElementChild);
  focus(all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1)]);
}

function focus(element) {
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "center" });
}
