// The steps of a run: details that are fetched when they are opened, pages of them, and the way to one of them.
const asked = new URLSearchParams(location.search);
asked.delete("before");

/** Which steps the page shows, as the address says it. */
export const showing = { query: asked.toString() };

let refresh = () => {};

/** Let links lead to other steps without a new page. */
export function watchSteps(renew) {
  refresh = renew;
  document.addEventListener("toggle", load, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-steps]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    turn(new URL(link.href).search);
  });
}

/** Show the page of steps that the query names. */
export async function turn(query) {
  showing.query = query.replace(/^\?/, "");
  history.replaceState(null, "", showing.query ? `?${showing.query}` : location.pathname);
  await refresh();
  document.getElementById("nx-h-steps").focus();
}

/** Open the newest step of a node and go there; where the page does not show it, the page that does. */
export async function goToStep(node) {
  const place = () => document.getElementById(`step-${node}`);
  if (!place()) await turn(`?node=${encodeURIComponent(node)}`);
  const step = place();
  if (!step) return;
  step.open = true;
  step.querySelector("summary").focus({ preventScroll: true });
  step.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
}

/** Say whether the person wants nothing to move. */
export function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Fetch what went in and came out of the details that are open, once for each of their versions. */
export async function load() {
  for (const details of document.querySelectorAll("details[open][data-src]")) {
    const { version, src } = details.dataset;
    if (details.dataset.loaded === version) continue;
    details.dataset.loaded = version;
    const place = details.querySelector("[data-loads]");
    place.setAttribute("aria-busy", "true");
    const response = await fetch(src).catch(() => null);
    place.removeAttribute("aria-busy");
    if (response?.ok && !response.redirected) place.innerHTML = await response.text();
    else delete details.dataset.loaded;
  }
}
