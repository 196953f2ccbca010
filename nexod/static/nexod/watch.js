// Pieces of a page that keep themselves fresh: <div data-watch="address">, asked again while busy, or when the workspace speaks.
import { refresh } from "./fresh.js";
import { wire } from "./wire.js";

const BUSY_MS = 1200;
const TOGETHER_MS = 400;
const AT_LATEST_MS = 20000; // not everything that a page shows is told to the workspace

function whileBusy(element) {
  setTimeout(async () => {
    if (element.dataset.busy === "1" && !document.hidden) await refresh(element).catch(() => {});
    whileBusy(element);
  }, BUSY_MS);
}

function whenTold(element) {
  let soon = 0;
  const hear = (message) => {
    if (message.kind === "presence" || message.kind === "heartbeat") return;
    clearTimeout(soon);
    soon = setTimeout(() => refresh(element).catch(() => {}), TOGETHER_MS);
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
