// The bell on every page: how many notifications are unread, kept true by the workspace's socket, and a word about what comes.
import { heard } from "./presence.js";
import { wire } from "./wire.js";

const SHOWN_MS = 8000;
const MOST = 3;

const bell = document.getElementById("nx-bell");
const count = bell.querySelector(".nx-bell-count");
const told = document.getElementById("nx-told");
let unread = Number.parseInt(count.textContent, 10) || 0;
let been = false;

function show(number) {
  unread = number;
  const words = unread > 99 ? "99+" : String(unread);
  count.textContent = words;
  count.hidden = unread === 0;
  bell.setAttribute("aria-label", unread ? `Notifications, ${words} unread` : "Notifications");
}

function say({ id, title }) {
  const note = document.createElement("a");
  note.className = "nx-toast";
  note.href = `${bell.pathname}${encodeURIComponent(id)}/open/`;
  note.textContent = title;
  told.append(note);
  while (told.children.length > MOST) told.firstElementChild.remove();
  setTimeout(() => note.remove(), SHOWN_MS);
}

function hear(message, answer) {
  heard(message, answer);
  document.dispatchEvent(new CustomEvent("nexod:workspace", { detail: message }));
  if (message.kind === "missed") return ask().catch(() => {});
  if (message.kind === "notification.read") return show(message.unread);
  if (!message.kind?.startsWith("notification.") || message.folded) return;
  show(unread + 1);
  say(message);
}

// What was told while the socket was away is in the list: ask once how many there are now.
async function ask() {
  const response = await fetch("/api/v1/notifications/unread", { headers: { Accept: "application/json" } });
  if (response.ok) show((await response.json()).unread);
}

function onState(state) {
  if (state === "live" && been) ask().catch(() => {});
  been ||= state === "live";
}

wire({ path: () => "/ws/workspace/", onMessage: hear, onState });
