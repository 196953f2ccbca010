// Asks the server for a piece of the page again and shows what changed.
import { morph } from "./morph.js";

/** Bring `element` up to date from its `data-watch` address, which answers with the piece alone or the whole page. */
export async function refresh(element) {
  const response = await fetch(element.dataset.watch);
  if (!response.ok || response.redirected) return;
  const html = await response.text();
  const found = new DOMParser().parseFromString(html, "text/html").getElementById(element.id);
  morph(element, found ? found.innerHTML : html);
  element.dataset.busy = element.querySelector("[data-busy]")?.dataset.busy ?? "";
}
