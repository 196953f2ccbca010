// Save takes exactly what this page shows, when all of it is committed; where others are at work the server asks to look first.

const COMMITTED_MS = 30000;

/** Let the form's buttons save `content()`; the form itself is not sent. */
export function saving({ page, form, content, isBusy, ready }) {
  const note = document.getElementById("nx-live-note");
  const say = (words) => {
    note.hidden = !words;
    note.textContent = words;
  };
  const committed = () => new Promise((done) => {
    if (!isBusy()) return done(true);
    const timer = setTimeout(() => done(false), COMMITTED_MS);
    page.addEventListener("committed", () => { clearTimeout(timer); done(true); }, { once: true });
  });
  const save = async () => {
    say("");
    await ready();
    if (!(await committed())) return say("Not saved: what you wrote has not reached the server yet. Try it again when it says Shared.");
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.append("seen", JSON.stringify(content()));
    body.append("note", form.elements.note?.value ?? "");
    const response = await fetch(page.dataset.save, { method: "POST", body }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (answer?.look) location.assign(`${answer.look}?note=${encodeURIComponent(body.get("note"))}`);
    else if (answer?.saved) {
      say(answer.saved);
      if (form.elements.note) form.elements.note.value = "";
    } else say(`Not saved. ${answer?.refused?.join(" ") ?? "The server cannot be reached."}`);
  };
  let isAtIt = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isAtIt) return;
    isAtIt = true;
    save().finally(() => { isAtIt = false; });
  }, { capture: true });
  for (const button of document.querySelectorAll('#submit-row [name="_continue"]')) Object.assign(button, { textContent: "Save", className: "nx-button nx-primary" });
}
