// Who else is watching this run now.
import { colourOf, initials } from "../persons.js";

const place = document.getElementById("nx-watchers");
const SHOWN = 6;
let shown = "";

/** Take who is watching, as the socket tells it: all but `person`, who looks at this page. */
export function showWatchers({ people, more = 0 }, person) {
  const others = people.filter(({ user }) => user !== person);
  const names = others.map(({ name }) => name);
  const told = JSON.stringify([names, more]);
  if (told === shown) return;
  shown = told;
  const rest = names.slice(SHOWN);
  const beyond = rest.length + more;
  const items = others.slice(0, SHOWN).map(({ name, user }) => item(name, initials(name), colourOf(user)));
  if (beyond) items.push(item([...rest, ...(more ? [`${more} more`] : [])].join(", "), `+${beyond}`));
  place.replaceChildren(...items);
  place.hidden = !names.length;
}

function item(name, short, colour = "") {
  const found = document.createElement("li");
  const face = document.createElement("span");
  face.className = "nx-watcher";
  face.textContent = short;
  face.title = name;
  if (colour) face.style.setProperty("--nx-who", colour);
  face.setAttribute("role", "img");
  face.setAttribute("aria-label", name);
  found.append(face);
  return found;
}
