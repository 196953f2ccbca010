// Cards of approvals, wherever they stand: what was really on the screen is told as seen, keys answer, an answer leaves once.

const LOOK_MS = 700; // what is on the screen at two looks one after another was seen
const WORDS = {
  approve: ["Approve", "Approve", "nx-approve"],
  reject: ["Reject", "Reject", "nx-danger"],
  request_changes: ["Request changes", "Request changes", ""],
  claim: ["Claim", "Claim", ""],
};
const glimpsed = new Set();
const told = new Set();

function isOnScreen(element) {
  const { top, bottom, width } = element.getBoundingClientRect();
  return width > 0 && bottom > 40 && top < innerHeight - 40;
}

function look() {
  if (document.visibilityState !== "visible") return glimpsed.clear();
  for (const card of document.querySelectorAll("[data-seen]")) {
    const name = `${card.dataset.ask}:${card.dataset.digest}`;
    if (told.has(name)) continue;
    if (!isOnScreen(card)) glimpsed.delete(name);
    else if (glimpsed.has(name)) tell(card, name);
    else glimpsed.add(name);
  }
}

async function tell(card, name) {
  const token = card.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  told.add(name);
  const body = new URLSearchParams({ digest: card.dataset.digest, csrfmiddlewaretoken: token });
  const answer = await fetch(card.dataset.seen, { method: "POST", body }).catch(() => null);
  if (!answer?.ok) told.delete(name);
}

/** Ask once more in a dialog; `then` gets the comment. `what` is named in it. */
export function ask(decision, what, comment, then) {
  const dialog = document.getElementById("nx-sure");
  const [title, label, look] = WORDS[decision];
  const said = dialog.querySelector("[data-said]");
  const wrong = dialog.querySelector("[data-wrong]");
  const yes = dialog.querySelector("[data-yes]");
  dialog.querySelector("[data-title]").textContent = `${title}?`;
  dialog.querySelector("[data-what]").textContent = what;
  dialog.querySelector("[data-label]").textContent = decision === "request_changes" ? "What should change" : "Comment (optional)";
  said.closest("label").hidden = decision === "claim";
  wrong.textContent = "";
  said.value = comment;
  yes.textContent = label;
  yes.className = `nx-button ${look}`;
  dialog.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    if (decision === "request_changes" && !said.value.trim()) {
      wrong.textContent = "Say what should change.";
      return said.focus();
    }
    dialog.close();
    then(said.value);
  };
  dialog.showModal();
  (decision === "request_changes" ? said : yes).focus();
}

function cardInSight() {
  const pane = document.getElementById("nx-pane");
  return (pane ?? document).querySelector("[data-ask] .nx-decide")?.closest("[data-ask]") ?? null;
}

function say(words) {
  const place = document.getElementById("nx-said");
  if (place) place.textContent = words;
}

function answer(decision) {
  const card = cardInSight();
  const button = card?.querySelector(`.nx-choices button[value="${decision}"]`);
  if (!button) return say(card ? "That cannot be decided here." : "There is nothing here that is yours to decide.");
  const comment = card.querySelector("[data-comment]");
  ask(decision, card.querySelector("h2").textContent.trim(), comment.value, (words) => {
    comment.value = words;
    button.form.requestSubmit(button);
  });
}

function edit() {
  const place = cardInSight()?.querySelector("[data-edit]");
  if (!place) return say("There is nothing here to edit.");
  place.open = true;
  place.querySelector("textarea, input, select")?.focus();
}

const KEYS = {
  a: () => answer("approve"),
  r: () => answer("reject"),
  c: () => answer("request_changes"),
  e: edit,
  "?": () => document.getElementById("nx-keys")?.showModal(),
};

/** Say whether a key is meant for the page, and not for a field, a dialog or the browser. */
export function isForPage(event) {
  const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  return !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey && !typing && !document.querySelector("dialog[open]");
}

document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || !document.querySelector("[data-ask-keys]") || !isForPage(event)) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-keys]")) KEYS["?"]();
  if (event.target.closest?.("[data-no]")) event.target.closest("dialog").close();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.(".nx-decide")) return;
  if (form.dataset.sent) return event.preventDefault();
  const comment = form.querySelector("[data-comment]");
  if (event.submitter?.value === "request_changes" && !comment.value.trim()) {
    event.preventDefault();
    comment.setCustomValidity("Say what should change.");
    comment.reportValidity();
    comment.addEventListener("input", () => comment.setCustomValidity(""), { once: true });
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll(".nx-decide")) {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }
});

document.querySelector("[data-problem]")?.focus();
setInterval(look, LOOK_MS);

// How differences are shown is a habit of the person, kept in the browser; on a narrow screen it is one column always.
const HABIT = "nexod-diff";

function showDiffs(how) {
  document.documentElement.dataset.diff = how;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-diff]");
  if (!button) return;
  const how = document.documentElement.dataset.diff === "split" ? "inline" : "split";
  localStorage.setItem(HABIT, how);
  showDiffs(how);
});
showDiffs(localStorage.getItem(HABIT) ?? "inline");
