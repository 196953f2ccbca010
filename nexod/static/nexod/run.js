// The page of a run, live: the socket tells that something happened, the server says how the page looks now.
import { morph } from "./morph.js";
import { wire } from "./wire.js";

const TOGETHER_MS = 250; // events within this time are shown together
const POLL_MS = 2500;

const page = document.getElementById("nx-run");
const timeline = document.getElementById("nx-timeline");
const status = document.getElementById("nx-wire");
let seq = Number(page.dataset.seq);
let over = page.dataset.over === "1";
let busy = false;
let again = false;
let poll = 0;
let stop = () => {};

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const response = await fetch(`${page.dataset.live}?after=${seq}`, { headers: { Accept: "application/json" } });
    if (response.redirected || !response.ok) return;
    show(await response.json());
  } finally {
    busy = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

function show(now) {
  for (const [name, html] of Object.entries(now.parts)) {
    const part = document.getElementById(`nx-part-${name}`);
    // Never take a text away under somebody's fingers.
    if (part && !(name === "approval" && part.contains(document.activeElement) && part.dataset.status === now.status)) {
      morph(part, html);
      part.dataset.status = now.status;
    }
  }
  if (now.lines.trim()) {
    timeline.insertAdjacentHTML("afterbegin", now.lines);
    for (const line of timeline.querySelectorAll("li")) {
      if (Number(line.dataset.seq) > seq) line.classList.add("nx-fresh");
    }
    document.getElementById("nx-said").textContent = timeline.querySelector("p")?.textContent ?? "";
  }
  seq = Math.max(seq, now.seq);
  document.title = now.title;
  load();
  if (now.over && !over) finish();
  over = now.over;
}

function finish() {
  stop();
  clearInterval(poll);
  tell("over");
}

function tell(state) {
  const words = { live: "Live", polling: "Reconnecting, checking every few seconds", over: "Ended" };
  status.dataset.state = state;
  status.lastElementChild.textContent = words[state];
}

let soon = 0;
function hear() {
  clearTimeout(soon);
  soon = setTimeout(refresh, TOGETHER_MS);
}

function onState(state) {
  tell(state);
  clearInterval(poll);
  if (state === "polling") poll = setInterval(refresh, POLL_MS);
  refresh();
}

// What went in and came out of a step is fetched when its details are opened.
async function load() {
  for (const details of document.querySelectorAll("details[open][data-src]")) {
    const version = details.dataset.version;
    if (details.dataset.loaded === version) continue;
    details.dataset.loaded = version;
    const response = await fetch(details.dataset.src);
    if (response.ok) details.querySelector("[data-keep]").innerHTML = await response.text();
  }
}

document.addEventListener("toggle", load, true);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".nx-graph a");
  const step = link && document.querySelector(link.getAttribute("href"));
  if (step) step.open = true; // the link itself scrolls there
});

load();
if (over) tell("over");
else stop = wire({ path: () => `${page.dataset.socket}?after=${seq}`, onMessage: hear, onState });
