// What waits for the connection, said above the form: it is done when the server is there again, at once, or not at all.

/** A line before `element`; `say(titles)` shows what waits, `failed(titles)` what did not happen. */
export function waiting({ element, onTry, onDrop }) {
  const line = document.createElement("p");
  line.className = "nx-live-note nx-waiting";
  line.setAttribute("role", "status");
  line.hidden = true;
  const words = document.createElement("span");
  const button = (title, act) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "nx-button nx-small", textContent: title });
    made.addEventListener("click", act);
    return made;
  };
  const buttons = document.createElement("span");
  buttons.className = "nx-row";
  buttons.append(button("Try again", onTry), button("Do not do it", onDrop));
  line.append(words, " ", buttons);
  const show = (text, hasButtons) => {
    if (line.nextElementSibling !== element) element.before(line);
    if (words.textContent !== text) words.textContent = text;
    buttons.hidden = !hasButtons;
    line.hidden = !text;
  };
  let hasFailed = false; // that is said until something else waits
  return {
    say(titles) {
      if (hasFailed && !titles.length) return;
      hasFailed = false;
      show(titles.length ? `Waits until the server can be reached: ${titles.join("; ")}.` : "", true);
    },
    failed(titles) {
      hasFailed = titles.length > 0;
      show(titles.length ? `Did not happen: ${titles.join("; ")}.` : "", false);
    },
  };
}
