// A form becomes a fresh one from the server without taking the field away in which somebody is.
import { become } from "../morph.js";

const CONTROLS = "input[name], select[name], textarea[name]";

/** What is only for pages without scripts; a template would take it for a part of the form. */
const SPARE = /<noscript>[^]*?<\/noscript>/g;

/**
 * Make `panel` say what `given` says; fields with another value take it, but not the one in hand, nor those that `keeps`.
 *
 * Returns for the field in hand, if it has another value by now, what lets it take that.
 */
export function refresh(panel, given, keeps = () => false) {
  const html = given.replace(SPARE, "");
  const open = new Set([...panel.querySelectorAll("details")].map((details, n) => (details.open ? n : -1)));
  become(panel, html);
  [...panel.querySelectorAll("details")].forEach((details, n) => { if (open.has(n) && !details.closest("[data-key]")) details.open = true; }); // rows stay what they are, and have their own
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const wanted = new Map([...fresh.content.querySelectorAll(CONTROLS)].map((control) => [`${control.name}\n${control.type === "checkbox" ? control.value : ""}`, control]));
  const behind = new Map();
  for (const control of panel.querySelectorAll(CONTROLS)) {
    const now = wanted.get(`${control.name}\n${control.type === "checkbox" ? control.value : ""}`);
    if (!now || keeps(control) || control.closest("[data-own]")) continue;
    const take = () => {
      if (control.type === "checkbox") control.checked = now.checked;
      else if (control.value !== now.value) control.value = now.value;
    };
    if (control === document.activeElement) behind.set(control, take);
    else take();
  }
  return behind;
}
