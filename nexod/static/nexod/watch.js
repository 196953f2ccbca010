// Pieces of a page that keep themselves fresh: <div data-watch="address">, asked again while busy, or when the workspace speaks.
import { refresh } from "./fresh.js";
import { wire } from "./wire.js";

const BUSY_MS = 1200;
const TOGETHER_MS = 400;
const BREATH_MS = 2000; // a busy workspace speaks several times a second
const AT_LATEST_MS = 20000; // not everything that a page shows is told to the workspace

function whileBusy(element) {
  setTimeout(async () => {
    if (element.dataset.busy === "1" && !document.hidden) await refresh(element).catch(() => {});
    whileBusy(element);
  }, BUSY_MS);
}

function whenTold(element) {
  let soon = 0;
  let shownAt = 0;
  const show = () => {
    [soon, shownAt] = [0, Date.now()]; // what is told while the answer is on its way is asked for again
    refresh(element).catch(() => {});
  };
  const hear = (message) => {
    if (soon || message.kind === "presence" || message.kind === "heartbeat") return;
    soon = setTimeout(show, Math.max(TOGETHER_MS, shownAt + BREATH_MS - Date.now()));
  };
  wire({ path: () => "/ws/workspace/", onMessage: hear, onState: () => {} });
  setInterval(() => {
    if (!document.hidden) refresh(element).catch(() => {});
  }, AT_LATEST_MS);
}

for (const element of document.querySelectorAll("[data-watch]")) {
  if (element.dataset.workspace) whenTold(element);
  else whileBusy(element);
}
