// The list of runs, live: the workspace tells which runs moved, the server says how their rows look now.
import { wire } from "./wire.js";

const TOGETHER_MS = 600;
const ALONE_MS = 5000; // without the socket
const AT_LATEST_MS = 30000; // a hint may be lost on its way
const MOST_UNSEEN = 999;
const CELLS = ["state", "reason", "took", "tokens", "cost"];

const bar = document.getElementById("nx-list-views");
const state = document.getElementById("nx-wire");
const newer = document.getElementById("nx-newer");
const rows = new Map();
const unseen = new Set();
let waiting = new Set();
let soon = 0;
let asking = false;

for (const box of document.querySelectorAll("#result_list input.action-select")) {
  rows.set(box.value, { row: box.closest("tr"), over: false });
}

async function refresh(ids) {
  if (asking || !ids.length) return;
  asking = true;
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  const response = await fetch(`${bar.dataset.rows}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
  asking = false;
  if (!response?.ok || response.redirected) return;
  for (const [id, cells] of Object.entries((await response.json()).rows)) show(id, cells);
}

function show(id, cells) {
  const known = rows.get(id);
  known.over = cells.over;
  for (const name of CELLS) {
    const cell = known.row.querySelector(`.field-${name}`);
    if (!cell || known[name] === cells[name]) continue;
    if (known[name] !== undefined || !cell.innerHTML.includes(cells[name])) cell.innerHTML = cells[name];
    known[name] = cells[name];
  }
}

function hear(message) {
  if (message.kind === "missed" || message.more) atWork().forEach((id) => waiting.add(id));
  if (message.kind === "run.moved") for (const { id } of message.moved) note(id);
  else if (message.run && String(message.kind).startsWith("approval.")) note(message.run);
  if (!soon && (waiting.size || unseen.size)) soon = setTimeout(together, TOGETHER_MS);
}

function note(id) {
  if (rows.has(id)) waiting.add(id);
  else if (unseen.size < MOST_UNSEEN) unseen.add(id);
}

function together() {
  soon = 0;
  if (document.hidden) return;
  if (asking) {
    soon = setTimeout(together, TOGETHER_MS);
    return;
  }
  const ids = [...waiting];
  waiting = new Set();
  refresh(ids);
  if (!unseen.size) return;
  const many = unseen.size < MOST_UNSEEN ? unseen.size : `${MOST_UNSEEN}+`;
  const words = `${many} other run${unseen.size === 1 ? " has" : "s have"} moved: look again`;
  if (newer.textContent === words) return;
  newer.href = location.href;
  newer.textContent = words;
  newer.hidden = false;
}

function atWork() {
  return [...rows].filter(([, { over }]) => !over).map(([id]) => id);
}

function tell(name) {
  state.dataset.state = name;
  state.lastElementChild.textContent = name === "live" ? "Live" : name === "refused" ? "Stopped" : "Reconnecting";
}

let lookedAt = Date.now();
function look() {
  lookedAt = Date.now();
  refresh(atWork());
}

setInterval(() => {
  const pause = state.dataset.state === "live" ? AT_LATEST_MS : ALONE_MS;
  if (!document.hidden && Date.now() - lookedAt >= pause) look();
}, 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});

function onState(name) {
  tell(name);
  if (name === "live") look(); // what moved before the socket was open
}
wire({ path: () => "/ws/workspace/", onMessage: hear, onState, onRefused: () => tell("refused") });
