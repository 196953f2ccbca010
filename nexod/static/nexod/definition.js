// The editor of definitions: line numbers, indentation, and what the server says about the text while it is written.
import { lineOf, numbered } from "./edit/lines.js";

const CHECK_AFTER_MS = 500;
const CHECK_AGAIN_MS = 5000; // after the server could not be asked
const area = document.querySelector("textarea[data-definition]");

function start() {
  const { number, go } = numbered(area);
  const box = document.getElementById("nx-problems");
  const state = document.getElementById("nx-check-state");
  const graph = document.getElementById("nx-graph");
  let timer = 0;
  let newest = 0;

  const show = (answer) => {
    const lines = area.value.split("\n");
    const marked = new Set();
    box.replaceChildren();
    for (const problem of answer.problems) {
      const line = lineOf(problem, lines);
      if (line >= 0) marked.add(line);
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.node = problem.node;
      const icon = document.createElement("span");
      icon.className = "material-symbols-outlined";
      icon.setAttribute("aria-hidden", "true");
      icon.textContent = "error";
      button.append(icon, document.createTextNode(line >= 0 ? `Line ${line + 1}: ${problem.text}` : problem.text));
      button.addEventListener("click", () => line >= 0 && go(line));
      const item = document.createElement("li");
      item.append(button);
      box.append(item);
    }
    const count = answer.problems.length;
    state.className = `nx-chip ${count ? "nx-bad" : "nx-good"}`;
    state.textContent = count ? `${count} problem${count > 1 ? "s" : ""}` : "Can run";
    if (answer.graph) graph.innerHTML = answer.graph;
    number(marked);
  };

  const check = async () => {
    const mine = ++newest;
    const body = new FormData();
    body.append("definition", area.value);
    body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    const response = await fetch(area.form.dataset.check || box.dataset.check, { method: "POST", body }).catch(() => null);
    if (mine !== newest) return;
    if (response?.ok) show(await response.json());
    else timer = setTimeout(check, CHECK_AGAIN_MS);
  };

  area.addEventListener("input", () => {
    number();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  });
  document.getElementById("nx-format").addEventListener("click", () => {
    try {
      area.value = JSON.stringify(JSON.parse(area.value), null, 2);
    } catch { /* the list of problems says where it is not JSON */ }
    area.dispatchEvent(new Event("input"));
  });
  check();
}

if (area) start();
