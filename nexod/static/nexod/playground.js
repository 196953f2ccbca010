// Tries of an agent, live: each pane follows its run; text streams below what is told already.
import { morph } from "./morph.js";
import { hearText, hush } from "./speech.js";
import { wire } from "./wire.js";

const TOGETHER_MS = 200;
const POLL_MS = 2500;

function follow(pane) {
  const speech = pane.querySelector("[data-speech]");
  const shown = pane.querySelector("[data-shown]");
  let seq = Number(pane.dataset.seq);
  let soon = 0;
  let poll = 0;
  let asking = false;
  let again = false;

  async function refresh() {
    again = asking;
    if (asking) return;
    asking = true;
    try {
      const response = await fetch(pane.dataset.trace, { headers: { Accept: "application/json" } });
      if (response.redirected || !response.ok) return;
      const now = await response.json();
      morph(shown, now.html);
      seq = Math.max(seq, now.seq);
      if (now.over) end();
    } finally {
      asking = false;
      if (again) refresh();
    }
  }

  function end() {
    stop();
    clearInterval(poll);
    hush(speech);
  }

  function hear(message) {
    if (message.type === "text") return [message.data].flat().forEach((piece) => hearText(speech, piece));
    if (message.type === "heartbeat") return;
    if (message.type === "model.called") hush(speech);
    clearTimeout(soon);
    soon = setTimeout(refresh, TOGETHER_MS);
  }

  function onState(state) {
    clearInterval(poll);
    if (state === "polling") poll = setInterval(refresh, POLL_MS);
    refresh();
  }

  const stop = wire({ path: () => `${pane.dataset.socket}?after=${seq}&text=1`, onMessage: hear, onState });
}

for (const pane of document.querySelectorAll("[data-pane]")) if (!pane.dataset.over) follow(pane);

const both = document.getElementById("id_both");
const second = document.getElementById("nx-second");
function fold() {
  second.hidden = !both.checked;
}
both.addEventListener("change", fold);
fold();
