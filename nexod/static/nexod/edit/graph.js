// The drawing of the shared definition: drawn anew by the server when the structure changes, moved and enlarged here.
import { ask, outline } from "./server.js";

const DRAW_AFTER_MS = 120;
const MOST_DRAWN = 150; // what the server draws at once
const [LEAST, MOST, STEP] = [0.2, 3, 1.25];

/** The part of a large definition around a node: nearest first, along the edges both ways. */
export function around(definition, id) {
  if (definition.nodes.length <= MOST_DRAWN) return definition;
  const beside = new Map();
  for (const { from, to } of definition.edges) {
    beside.set(from, [...(beside.get(from) ?? []), to]);
    beside.set(to, [...(beside.get(to) ?? []), from]);
  }
  const known = new Set(definition.nodes.map((node) => node.id));
  const near = new Set([known.has(id) ? id : known.has(definition.start) ? definition.start : definition.nodes[0].id]);
  for (const node of near) {
    for (const other of beside.get(node) ?? []) if (near.size < MOST_DRAWN && known.has(other)) near.add(other);
    if (near.size >= MOST_DRAWN) break;
  }
  const nodes = definition.nodes.filter((node) => near.has(node.id));
  return { ...definition, nodes, edges: definition.edges.filter(({ from, to }) => near.has(from) && near.has(to)) };
}

/** Show the drawing in `frame`; returns `draw(definition, id)` and `mark(marks)`. */
export function graph(frame, address, onError) {
  let [said, timer, newest, scale, marks] = ["", 0, 0, 0, []];
  const canvas = document.createElement("div");
  canvas.className = "nx-canvas";
  canvas.append(...frame.childNodes);
  frame.append(canvas);
  const part = document.createElement("p");
  part.className = "nx-muted nx-small-text nx-part";
  part.hidden = true;
  frame.before(part);

  const size = () => {
    const svg = canvas.querySelector("svg");
    if (!svg) return;
    const { width, height } = svg.viewBox.baseVal;
    const fitting = Math.min(1, (frame.clientWidth - 26) / width);
    svg.style.width = `${width * (scale || fitting)}px`;
    svg.style.height = `${height * (scale || fitting)}px`;
    svg.style.maxWidth = "none";
  };
  const zoom = (factor, x = frame.clientWidth / 2, y = frame.clientHeight / 2) => {
    const svg = canvas.querySelector("svg");
    if (!svg) return;
    const now = svg.clientWidth / svg.viewBox.baseVal.width;
    scale = factor === 0 ? 0 : Math.min(MOST, Math.max(LEAST, now * factor));
    const place = [(frame.scrollLeft + x) / now, (frame.scrollTop + y) / now];
    size();
    if (scale) frame.scrollTo(place[0] * scale - x, place[1] * scale - y);
  };

  const show = () => {
    for (const old of canvas.querySelectorAll(".nx-here, .nx-flaw")) old.remove();
    for (const { id, kind, colour, text, nth } of marks) {
      const node = canvas.querySelector(`[data-node="${CSS.escape(id)}"]`);
      if (node) node.append(kind === "flaw" ? flaw() : here(colour, text, nth));
    }
  };
  const redraw = async (definition, id) => {
    const shown = around(definition, id);
    const mine = ++newest;
    const answer = await ask(address, "draw", outline(shown)).catch(onError);
    if (!answer || mine !== newest) return;
    const { scrollLeft, scrollTop } = frame;
    const focused = canvas.contains(document.activeElement) ? document.activeElement.getAttribute("href") : "";
    canvas.innerHTML = answer.graph;
    part.hidden = shown === definition;
    part.textContent = `${shown.nodes.length} of ${definition.nodes.length} steps, around the one in hand`;
    size();
    frame.scrollTo(scrollLeft, scrollTop);
    if (focused) canvas.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    show();
  };

  pan(frame, zoom);
  new ResizeObserver(size).observe(frame);
  return {
    zoom,
    draw(definition, id) {
      const now = JSON.stringify(outline(around(definition, id)));
      if (now === said) return;
      said = now;
      clearTimeout(timer);
      timer = setTimeout(() => redraw(definition, id), DRAW_AFTER_MS);
    },
    again() { said = ""; },
    mark(list) {
      marks = list;
      show();
    },
  };
}

const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes, ...inside) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

// Who has the node in hand: a frame in the person's colour and the initials on it.
function here(colour, text, nth) {
  const group = drawn("g", { class: "nx-here", "aria-hidden": "true" });
  group.style.setProperty("--nx-who", colour);
  if (!nth || text) group.append(drawn("rect", { x: -4 - nth * 3, y: -4 - nth * 3, width: 260 + nth * 6, height: 62 + nth * 6, rx: 13 }));
  if (text) group.append(drawn("circle", { cx: 240 - nth * 22, cy: -4, r: 10 }), drawn("text", { x: 240 - nth * 22, y: -0.5, "text-anchor": "middle" }, text));
  return group;
}

function flaw() {
  const group = drawn("g", { class: "nx-flaw", "aria-hidden": "true", transform: "translate(8 4)" });
  group.append(drawn("circle", { r: 8 }), drawn("text", { y: 4, "text-anchor": "middle" }, "!"));
  return group;
}

// By mouse: drag, and the wheel with Ctrl. By touch: one finger scrolls, two enlarge. By keyboard: arrows scroll, + - 0.
function pan(frame, zoom) {
  const fingers = new Map();
  let dragged = null;
  let apart = 0;
  const distance = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
  frame.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (event.pointerType === "mouse" && event.button === 0 && !event.target.closest("a")) {
      dragged = { x: event.clientX + frame.scrollLeft, y: event.clientY + frame.scrollTop };
      frame.setPointerCapture(event.pointerId);
    }
    if (fingers.size === 2) apart = distance();
  });
  frame.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2 && apart) {
      const box = frame.getBoundingClientRect();
      const [a, b] = [...fingers.values()];
      zoom(distance() / apart, (a.x + b.x) / 2 - box.left, (a.y + b.y) / 2 - box.top);
      apart = distance();
    } else if (dragged) frame.scrollTo(dragged.x - event.clientX, dragged.y - event.clientY);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    frame.addEventListener(name, (event) => { fingers.delete(event.pointerId); if (!fingers.size) [dragged, apart] = [null, 0]; });
  }
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(event.deltaY < 0 ? STEP : 1 / STEP, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  frame.addEventListener("keydown", (event) => {
    const factor = { "+": STEP, "=": STEP, "-": 1 / STEP, 0: 0 }[event.key];
    if (factor === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    zoom(factor);
  });
}
