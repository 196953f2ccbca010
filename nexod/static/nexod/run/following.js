// Keeps the page of a run true: at once when the socket speaks, every few seconds while it is away, not at all in the background.
import { wire } from "../wire.js";
import { clearTrouble, refused, trouble } from "./trouble.js";
import { showWatchers } from "./watchers.js";

const TOGETHER_MS = 250; // events within this time are shown together
const POLL_MS = 2500;
const HIDDEN_POLL_MS = 30000;
const REST_MS = 15000; // a run that failed may be resumed by somebody else
const PATIENCE_MS = 20000;
const WORDS = { live: "Live", polling: "Reconnecting, checking every few seconds", over: "Ended", lost: "Offline", refused: "Stopped" };
const TITLES = {
  "run.waiting": "Waiting", "run.resumed": "Running", "run.started": "Running", "run.completed": "Completed",
  "run.failed": "Failed", "run.cancelled": "Cancelled",
};

/** Follow the run; the answer lets others `refresh` the page, and `again` after it had ended. */
export function follow({ page, run, ask, show, hear }) {
  const wireState = document.getElementById("nx-wire");
  let stop = () => {};
  let asking = null; // the request under way
  let again = false;
  let soon = 0;
  let took = 0;
  let stale = false; // something happened that the page, in the background, does not show
  let askedAt = 0;
  let ended = false;

  function tell(state) {
    wireState.dataset.state = state;
    wireState.lastElementChild.textContent = WORDS[state];
  }

  async function refresh() {
    if (ended) return;
    clearTimeout(soon);
    soon = 0;
    if (asking) {
      again = true;
      return asking;
    }
    asking = once().finally(() => (asking = null));
    await asking;
    if (again) {
      again = false;
      await refresh();
    }
  }

  async function once() {
    askedAt = Date.now();
    stale = false;
    let response = null;
    try {
      response = await ask(AbortSignal.timeout(PATIENCE_MS));
      if (response.redirected || [401, 403, 404].includes(response.status)) return end(response.redirected ? 401 : response.status);
      if (!response.ok) throw new Error(`The server answered ${response.status}.`);
      const now = await response.json();
      took = Date.now() - askedAt;
      back();
      show(now);
      if (now.over) rest();
      else if (wireState.dataset.state === "over") begin();
    } catch (error) {
      if (response?.ok && !(error instanceof SyntaxError) && error.name !== "TimeoutError") throw error; // a fault of ours
      lost();
    }
  }

  // Never more often than the server can bear: a slow answer makes the next question later.
  function refreshSoon() {
    stale = true;
    if (document.hidden || soon || ended) return;
    soon = setTimeout(refresh, Math.max(TOGETHER_MS, 2 * took));
  }

  function lost() {
    stale = true;
    trouble("lost", "The connection is lost. The page goes on by itself as soon as it is back.", refresh);
    tell("lost");
  }

  function back() {
    if (!navigator.onLine) return; // this answer was on its way already
    if (clearTrouble("lost")) tell(socketState === "live" ? "live" : run.over ? "over" : "polling");
  }

  function end(code) {
    ended = true;
    stop();
    tell("refused");
    refused(code);
  }

  function rest() {
    stop();
    stop = () => {};
    showWatchers({ people: [] }, "");
    tell("over");
  }

  let socketState = "";
  function onState(state) {
    socketState = state;
    if (wireState.dataset.state !== "lost") tell(state);
    if (document.hidden) stale = true;
    else refresh();
  }

  function onMessage(message) {
    if (message.type === "heartbeat") return;
    if (message.type === "viewers") return showWatchers(message.data, page.dataset.person);
    hear(message);
    if (!("seq" in message)) return;
    if (document.hidden && TITLES[message.type]) document.title = `${TITLES[message.type]} · ${document.title.replace(/^.*? · /, "")}`;
    refreshSoon();
  }

  function begin() {
    stop();
    const path = () => `${page.dataset.socket}?after=${run.seq}&text=1&viewers=1`;
    stop = wire({ path, onMessage, onState, onRefused: (code) => end(code - 4000) });
  }

  setInterval(() => {
    if (ended || asking) return;
    const state = wireState.dataset.state;
    const failed = state === "over" && run.status === "failed";
    const pause = document.hidden ? HIDDEN_POLL_MS : failed ? REST_MS : POLL_MS;
    if ((failed || state === "polling" || state === "lost") && Date.now() - askedAt >= pause) refresh();
  }, POLL_MS / 2);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (stale || wireState.dataset.state !== "live")) refresh();
  });
  addEventListener("offline", lost);
  addEventListener("online", refresh);
  addEventListener("pageshow", (event) => event.persisted && refresh());

  if (run.over) tell("over");
  else begin();
  return { refresh, begin };
}
