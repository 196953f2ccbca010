// Who edits this document now, what each has in hand, and their colours. Only what their own pages tell, as the server let it through.
import { colourOf, initials } from "../persons.js";

const SERVER = 0;

/** The others in this document, each of their pages: `{client, id, name, colour, at}`; `at` is what they have in hand. */
export function othersIn(awareness) {
  return [...awareness.getStates()]
    .filter(([client, state]) => client !== SERVER && client !== awareness.clientID && state.user)
    .map(([client, { user, at = {} }]) => ({ client, id: String(user.id), name: String(user.name), colour: colourOf(user.id), at }));
}

/** What the server says as the client with the number 0: `{seq, problems, digest}`. */
export function toldIn(awareness) {
  return awareness.getStates().get(SERVER)?.server ?? {};
}

function avatar(person, pages, isFollowed) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "nx-avatar";
  button.style.setProperty("--nx-who", person.colour);
  button.textContent = initials(person.name);
  button.dataset.client = person.client;
  button.title = `${person.name}${pages > 1 ? ` (${pages} pages)` : ""}`;
  button.setAttribute("aria-label", `Follow ${person.name}`);
  button.setAttribute("aria-pressed", String(isFollowed));
  return button;
}

/** Show an avatar for each of the others in `list`; `onFollow` hears whom somebody clicks, null for nobody any more. */
export function showPeople(list, awareness, onFollow) {
  let followed = null;
  let said = "";
  const draw = () => {
    const others = othersIn(awareness);
    if (followed !== null && !others.some(({ client }) => client === followed)) follow(null);
    const persons = [...new Map(others.map((person) => [person.id, person])).values()];
    const now = JSON.stringify([persons.map(({ client, id, name }) => [client, id, name]), others.length, followed]);
    if (now === said) return;
    said = now;
    const focused = document.activeElement?.dataset?.client;
    list.replaceChildren(...persons.map((person) => {
      const item = document.createElement("li");
      const own = others.filter(({ id }) => id === person.id);
      const isFollowed = own.some(({ client }) => client === followed);
      item.append(avatar(isFollowed ? { ...person, client: followed } : person, own.length, isFollowed));
      return item;
    }));
    if (focused) list.querySelector(`[data-client="${focused}"]`)?.focus();
  };
  const follow = (client) => {
    followed = client;
    onFollow(client);
    draw();
  };
  list.addEventListener("click", (event) => {
    const client = Number(event.target.closest("[data-client]")?.dataset.client);
    if (client) follow(followed === client ? null : client);
  });
  awareness.on("change", draw);
  draw();
  return { stop: () => follow(null) };
}
