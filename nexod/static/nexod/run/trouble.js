// The line above a run that says what is wrong with the page itself, and what can be done about it.
const box = document.getElementById("nx-trouble");
const REFUSALS = {
  401: "You are logged out, so this page stands still.",
  403: "You may not watch this run any more.",
  404: "This run is not here any more.",
};

/** Show `text` of a `kind`; `again` is what its button does. */
export function trouble(kind, text, again = null) {
  if (box.dataset.kind === kind && !box.hidden) return;
  const words = document.createElement("span");
  words.textContent = text;
  box.dataset.kind = kind;
  box.replaceChildren(icon(kind), words, ...(again ? [button("Try now", again)] : [button("Close", () => clearTrouble(kind))]));
  box.hidden = false;
}

/** Take away what was said of that kind; tell whether anything was. */
export function clearTrouble(kind) {
  if (box.hidden || box.dataset.kind !== kind) return false;
  box.hidden = true;
  return true;
}

/** Say that the page ends here, and cover what it showed if that is not the person's to see any more. */
export function refused(code) {
  trouble("refused", REFUSALS[code] ?? "The page cannot follow this run any more.");
  box.lastElementChild.remove();
  if (code === 401) box.append(link("Log in again", `/admin/login/?next=${encodeURIComponent(location.pathname)}`));
  if (code === 403 || code === 404) {
    box.append(link("All runs", "/admin/workflows/run/"));
    for (const part of document.querySelectorAll("#nx-run > :not(#nx-trouble)")) part.remove();
  }
}

function icon(kind) {
  const found = document.createElement("span");
  found.className = "material-symbols-outlined";
  found.setAttribute("aria-hidden", "true");
  found.textContent = { lost: "cloud_off", refused: "lock" }[kind] ?? "error";
  return found;
}

function button(words, act) {
  const found = document.createElement("button");
  found.type = "button";
  found.className = "nx-button nx-small nx-push";
  found.textContent = words;
  found.addEventListener("click", act);
  return found;
}

function link(words, address) {
  const found = document.createElement("a");
  found.className = "nx-button nx-small nx-push";
  found.href = address;
  found.textContent = words;
  return found;
}
