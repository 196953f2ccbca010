// What a screen reader is told of a run: its states and what is asked, never every event.
const REST_MS = 3000;
const place = document.getElementById("nx-said");
let next = "";
let timer = 0;

/** Say `text` politely; of several in a row the last one. */
export function say(text) {
  next = text;
  if (timer) return;
  tell();
  timer = setTimeout(() => {
    timer = 0;
    if (next) say(next);
  }, REST_MS);
}

function tell() {
  place.textContent = next;
  next = "";
}
