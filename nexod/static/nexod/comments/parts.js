// Small things that pages of comments are made of.
import { colourOf, initials } from "../persons.js";

/** Make an element; `on*` are listeners, `data` its data attributes, the rest properties or attributes. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name in made && name !== "list" && name !== "form") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const icon = (name) => el("span", { className: "material-symbols-outlined", ariaHidden: "true" }, name);

export const nameOf = (person) => (person ? person.full_name || person.email : "Somebody who left");

/** The first letters of a name, in a circle whose colour is the person's own. */
export function face(person) {
  return el("span", { className: "nx-face", ariaHidden: "true", style: `--nx-who:${colourOf(person?.id ?? "")}` }, initials(nameOf(person)));
}

/** When something was, kept true by the page's own clock. */
export function ago(moment) {
  const at = new Date(moment);
  const words = at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return el("time", { dateTime: moment, title: words, "data-ago": "" }, Date.now() - at < 45000 ? "just now" : words);
}
