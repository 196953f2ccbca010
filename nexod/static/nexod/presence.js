// Tells the workspace where its person is and whether they are at work there, and shows who else is on the same page.
import { colourOf, initials } from "./persons.js";

const IDLE_MS = 2 * 60 * 1000;
const SHOWN = 4;
const ACTS = ["pointerdown", "pointermove", "keydown", "scroll"];

const place = document.getElementById("nx-here");
// These pages show who else is there themselves, more closely.
const isElsewhere = document.getElementById("nx-watchers") || document.getElementById("nx-people");
let answer = null;
let told = "";
let acted = Date.now();

function state() {
  if (document.visibilityState !== "visible") return "away";
  return Date.now() - acted > IDLE_MS ? "idle" : "active";
}

function tell() {
  const now = state();
  if (!answer || told === now) return;
  told = now;
  answer({ kind: "here", page: location.pathname, state: now });
}

/** Hear a message of the workspace's socket; `reply` sends over the same socket. */
export function heard(message, reply) {
  if (reply !== answer) {
    answer = reply;
    told = "";
    tell();
  }
  if (message.kind === "presence" && place && !isElsewhere) show(message.people);
}

function show(people) {
  const here = people.filter(({ user, pages }) => user !== place.dataset.person && pages.includes(location.pathname));
  const rest = here.slice(SHOWN);
  place.replaceChildren(...here.slice(0, SHOWN).map(({ user, name, state: near }) => face(name, initials(name), near, user)));
  if (rest.length) place.append(face(rest.map(({ name }) => name).join(", "), `+${rest.length}`, "active"));
  place.hidden = here.length === 0;
}

function face(name, letters, near, user = null) {
  const words = near === "active" ? name : `${name}, ${near}`;
  const item = document.createElement("li");
  item.innerHTML = '<span class="nx-here-face" role="img"></span>';
  const circle = item.firstElementChild;
  circle.textContent = letters;
  circle.title = words;
  circle.setAttribute("aria-label", words);
  circle.dataset.state = near;
  if (user) circle.style.setProperty("--nx-who", colourOf(user));
  return item;
}

for (const act of ACTS) addEventListener(act, () => { acted = Date.now(); if (told === "idle") tell(); }, { passive: true, capture: true });
document.addEventListener("visibilitychange", tell);
setInterval(tell, 15000);
