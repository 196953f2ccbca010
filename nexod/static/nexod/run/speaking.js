// What models say while they say it, in the step that it belongs to, until that is over.
import { hearText, hush } from "../speech.js";

const KEPT = 200; // pieces of steps that the page does not show yet
const ENDS = new Set(["step.completed", "step.failed", "model.called"]);
let early = [];

/** Take a message of the run: pieces of text, or the end of a step that had spoken. */
export function speak({ type, data }) {
  if (type === "text") [data].flat().forEach(hear);
  else if (ENDS.has(type)) {
    early = early.filter((piece) => piece.step !== data.step);
    const place = placeOf(data.step);
    if (place && type !== "model.called") hush(place);
  }
}

/** Show what was said by steps that the page shows only now. */
export function speakAgain() {
  const pieces = early;
  early = [];
  pieces.forEach(hear);
}

function hear(piece) {
  const place = placeOf(piece.step);
  if (!place) {
    early = [...early.slice(1 - KEPT), piece];
    return;
  }
  if (!place.dataset.heard) place.closest("details").open = true;
  place.dataset.heard = "1";
  hearText(place, piece);
}

function placeOf(step) {
  return document.querySelector(`[data-key="s${CSS.escape(step)}"] [data-speech]`);
}
