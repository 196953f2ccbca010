// What somebody types into a question is not lost when the question goes: somebody else may have decided it meanwhile.
import { say } from "./said.js";

const place = document.getElementById("nx-kept");

/** Say whether `part` is to be left alone: somebody is at a question in it, and `html` asks the same ones. */
export function isAnswering(part, html) {
  if (!part.contains(document.activeElement)) return false;
  const fresh = [...html.matchAll(/data-key="(ask[^"]*)"/g)].map(([, key]) => key);
  const here = [...part.querySelectorAll("[data-ask]")].map((question) => question.dataset.key);
  return fresh.join() === here.join();
}

/** Remember what is typed into `part`; the answer, called when it was drawn anew, keeps what has no place there any more. */
export function keepTyped(part) {
  const typed = [...part.querySelectorAll("[data-ask]")].map((question) => ({
    key: question.dataset.key,
    title: question.querySelector("h2").textContent,
    text: [...question.querySelectorAll("textarea")].filter((area) => area.value !== area.defaultValue).map((area) => area.value).join("\n\n"),
    focused: question.contains(document.activeElement),
  }));
  return () => {
    const there = new Set([...part.querySelectorAll("[data-ask]")].map((question) => question.dataset.key));
    for (const { key, title, text, focused } of typed) {
      if (there.has(key)) continue;
      if (text.trim()) place.append(note(title, text));
      if (focused) document.getElementById("nx-h-steps").focus({ preventScroll: true });
    }
    for (const question of part.querySelectorAll("[data-ask]")) {
      if (!typed.some(({ key }) => key === question.dataset.key)) say(`Waits for an answer: ${question.querySelector("h2").textContent}`);
    }
  };
}

function note(title, text) {
  const box = document.createElement("section");
  const words = document.createElement("p");
  const area = document.createElement("textarea");
  const close = document.createElement("button");
  box.className = "nx-card nx-body nx-kept";
  words.textContent = `“${title}” was decided or has changed meanwhile. What you had typed was not sent:`;
  Object.assign(area, { className: "nx-input", readOnly: true, value: text, rows: 4 });
  area.setAttribute("aria-label", "What you had typed");
  Object.assign(close, { type: "button", className: "nx-button nx-small", textContent: "Throw it away" });
  close.addEventListener("click", () => box.remove());
  box.append(words, area, close);
  return box;
}
