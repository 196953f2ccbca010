// The editor of definitions: line numbers, indentation, and what the server says about the text while it is written.

const CHECK_AFTER_MS = 500;
const area = document.querySelector("textarea[data-definition]");

function dress() {
  const frame = document.createElement("div");
  frame.className = "nx-editor";
  const gutter = document.createElement("pre");
  gutter.className = "nx-gutter nx-code";
  gutter.setAttribute("aria-hidden", "true");
  gutter.style.height = "0";
  area.replaceWith(frame);
  frame.append(gutter, area);
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  return gutter;
}

function lineOf(problem, lines) {
  const asked = /line (\d+)/.exec(problem.text);
  if (asked) return Number(asked[1]) - 1;
  if (!problem.node) return lines.findIndex((line) => line.includes(`"${(problem.field || "").split(".")[0]}"`));
  const start = lines.findIndex((line) => line.includes(`"id": "${problem.node}"`));
  const last = (problem.field || "").split(".").pop();
  const inside = lines.findIndex((line, number) => number > start && line.includes(`"${last}"`));
  const next = lines.findIndex((line, number) => number > start && /"id":/.test(line));
  return inside > start && (next < 0 || inside < next) ? inside : start;
}

function start() {
  const gutter = dress();
  const box = document.getElementById("nx-problems");
  const state = document.getElementById("nx-check-state");
  const graph = document.getElementById("nx-graph");
  let marked = new Set();
  let timer = 0;
  let newest = 0;

  const number = () => {
    const count = area.value.split("\n").length;
    gutter.replaceChildren();
    for (let line = 0; line < count; line += 1) {
      const text = `${line + 1}${line + 1 < count ? "\n" : ""}`;
      const item = marked.has(line) ? document.createElement("b") : document.createTextNode(text);
      if (marked.has(line)) item.textContent = text;
      gutter.append(item);
    }
    gutter.style.height = `${area.offsetHeight}px`;
    gutter.scrollTop = area.scrollTop;
  };

  const go = (line) => {
    const lines = area.value.split("\n");
    const from = lines.slice(0, line).join("\n").length + (line ? 1 : 0);
    area.focus();
    area.setSelectionRange(from, from + lines[line].length);
    area.scrollTop = Math.max(0, (line - 6) * Number.parseFloat(getComputedStyle(area).lineHeight));
  };

  const show = (answer) => {
    const lines = area.value.split("\n");
    marked = new Set();
    box.replaceChildren();
    for (const problem of answer.problems) {
      const line = lineOf(problem, lines);
      if (line >= 0) marked.add(line);
      const button = document.createElement("button");
      button.type = "button";
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
    number();
  };

  const check = async () => {
    const mine = ++newest;
    const body = new FormData();
    body.append("definition", area.value);
    body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    const response = await fetch(area.form.dataset.check || box.dataset.check, { method: "POST", body });
    if (response.ok && mine === newest) show(await response.json());
  };

  area.addEventListener("input", () => {
    number();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  });
  let leaving = false; // Escape, then Tab, leaves the field by keyboard
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaving = true;
    else if (event.key === "Tab" && !event.shiftKey && !leaving) {
      event.preventDefault();
      document.execCommand("insertText", false, "  ");
    } else if (event.key !== "Shift") leaving = false;
  });
  document.getElementById("nx-format").addEventListener("click", () => {
    try {
      area.value = JSON.stringify(JSON.parse(area.value), null, 2);
    } catch { /* the list of problems says where it is not JSON */ }
    area.dispatchEvent(new Event("input"));
  });
  new ResizeObserver(number).observe(area);
  check();
}

if (area) start();
