// One comment: what was said, by whom, what others feel about it, and what may be done with it.
import * as api from "./api.js";
import { composer } from "./composer.js";
import { ago, el, face, icon, nameOf } from "./parts.js";

const SIGNS = ["👍", "👎", "❤️", "🎉", "👀", "🚀", "😄", "❓"];
const NAMES = ["Yes", "No", "Love", "Hurray", "I look at it", "Ship it", "Funny", "I do not understand"];

/** Return the element of a comment; `changed` is called when something was done with it. */
export function commentRow(comment, place, changed) {
  const mine = comment.author?.id === place.person;
  const row = el("li", { className: "nx-comment", data: { comment: comment.id } });
  if (comment.deleted_at) {
    row.append(el("p", { className: "nx-muted nx-small-text" }, `A comment of ${nameOf(comment.author)} was deleted`));
    return row;
  }
  const words = el("div", { className: "nx-prose nx-said", innerHTML: comment.html }); // cleaned by the server
  const tools = el("span", { className: "nx-row nx-push nx-comment-tools" });
  if (place.writes && mine) tools.append(tool("edit", "Edit", edit));
  if (place.writes && (mine || place.moderates)) tools.append(tool("delete", "Delete", remove));
  const edited = comment.edited_at && el("button", { type: "button", className: "nx-link nx-small-text", onclick: history }, "edited");
  row.append(
    el("div", { className: "nx-row nx-comment-head" }, face(comment.author), el("span", { className: "nx-strong" }, nameOf(comment.author)),
      el("span", { className: "nx-muted nx-small-text" }, ago(comment.created_at)), edited, tools),
    words, signs());
  return row;

  function tool(name, title, act) {
    return el("button", { type: "button", className: "nx-icon-button nx-tiny", ariaLabel: `${title} this comment`, title, onclick: act }, icon(name));
  }

  function signs() {
    const line = el("div", { className: "nx-row nx-signs" });
    for (const { sign, people } of comment.reactions) {
      const on = people.some((person) => person.id === place.person);
      const who = people.map((person) => person.name).join(", ");
      line.append(el("button", {
        type: "button", className: "nx-sign", ariaPressed: String(on), title: who, disabled: !place.writes,
        ariaLabel: `${NAMES[SIGNS.indexOf(sign)] ?? sign}: ${who}`, onclick: () => give(sign, !on),
      }, sign, el("span", {}, String(people.length))));
    }
    if (place.writes) line.append(more());
    return line;
  }

  function more() {
    const menu = el("span", { className: "nx-sign-menu", role: "group", ariaLabel: "Signs", hidden: true });
    menu.append(...SIGNS.map((sign, n) => el("button", {
      type: "button", className: "nx-sign", ariaLabel: NAMES[n], title: NAMES[n], onclick: () => give(sign, true),
    }, sign)));
    const open = el("button", {
      type: "button", className: "nx-icon-button nx-tiny", ariaLabel: "React", title: "React", ariaExpanded: "false",
      onclick: () => {
        menu.hidden = !menu.hidden;
        open.ariaExpanded = String(!menu.hidden);
        if (!menu.hidden) menu.firstElementChild.focus();
      },
    }, icon("add_reaction"));
    return el("span", { className: "nx-row" }, open, menu);
  }

  async function give(sign, on) {
    await place.attempt(() => api.react(comment, sign, on));
    changed();
  }

  function edit() {
    const field = composer({
      label: "Edit the comment", button: "Save", text: comment.text, subject: place.subject,
      send: async (text) => { await api.edit(comment, text); away(); changed(); },
      leave: () => { away(); changed(); }, // what came meanwhile was not shown
    });
    const away = () => { field.box.replaceWith(words); tools.hidden = false; };
    words.replaceWith(field.box);
    tools.hidden = true;
    field.focus();
  }

  async function remove() {
    if (!window.confirm("Delete this comment? Its words and their history are gone.")) return;
    await place.attempt(() => api.remove(comment));
    changed();
  }

  async function history() {
    const shown = row.querySelector(".nx-former");
    if (shown) return shown.remove();
    const before = (await place.attempt(() => api.edits(comment)))?.results;
    row.append(el("ol", { className: "nx-former", ariaLabel: "Former texts" },
      ...(before ?? []).map((one) => el("li", {}, el("del", {}, one.text), el("span", { className: "nx-muted nx-small-text" }, " until ", ago(one.created_at))))));
  }
}
