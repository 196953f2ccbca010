// A field to write in: @ offers people, Ctrl Enter sends, Escape leaves. It belongs to no form of the page around it.
import * as api from "./api.js";
import { el, face, nameOf } from "./parts.js";

let count = 0;

/** Return `{box, area, focus}`; `send(text)` may throw, then nothing of what was written is lost. */
export function composer({ label, button, text = "", subject, send, leave = null }) {
  const id = `nx-write-${++count}`;
  const offers = el("ul", { className: "nx-offers", id: `${id}-offers`, role: "listbox", ariaLabel: "People", hidden: true });
  const trouble = el("p", { className: "nx-talk-trouble", role: "alert", hidden: true });
  const area = el("textarea", {
    className: "nx-input", rows: 2, maxLength: 4000, value: text, ariaLabel: label, placeholder: `${label}…`, form: "nx-none",
    "aria-autocomplete": "list", "aria-controls": offers.id,
  });
  const go = el("button", { type: "button", className: "nx-button nx-small nx-primary", onclick: submit }, button);
  const away = leave && el("button", { type: "button", className: "nx-button nx-small", onclick: leave }, "Cancel");
  const hint = el("span", { className: "nx-muted nx-small-text" }, "Markdown, @ mentions somebody");
  const box = el("div", { className: "nx-compose" }, el("div", { className: "nx-compose-in" }, area, offers), trouble,
    el("div", { className: "nx-row" }, hint, el("span", { className: "nx-row nx-push" }, away, go)));
  let chosen = 0;
  let asked = 0;

  async function submit() {
    const words = area.value.trim();
    if (!words || go.disabled) return;
    go.disabled = true;
    trouble.hidden = true;
    try {
      await send(words);
      area.value = "";
    } catch (error) {
      trouble.textContent = error.message;
      trouble.hidden = false;
    } finally {
      go.disabled = false;
    }
  }

  function begun() {
    const before = area.value.slice(0, area.selectionStart);
    return /(?:^|[\s(])@([\p{L}\w.+-]{0,40})$/u.exec(before);
  }

  async function offer() {
    const found = begun();
    if (!found) return close();
    const mine = ++asked;
    const { people } = await api.people(subject, found[1]).catch(() => ({ people: [] }));
    if (mine !== asked || !begun()) return;
    chosen = 0;
    offers.replaceChildren(...people.map((person, number) => el("li", {
      id: `${offers.id}-${number}`, role: "option", data: { email: person.email },
      onmousedown: (event) => { event.preventDefault(); take(person.email); },
    }, face(person), el("span", { className: "nx-strong" }, nameOf(person)), el("span", { className: "nx-muted nx-small-text" }, person.email))));
    offers.hidden = people.length === 0;
    mark();
  }

  function mark() {
    [...offers.children].forEach((row, number) => row.setAttribute("aria-selected", String(number === chosen)));
    if (offers.hidden) area.removeAttribute("aria-activedescendant");
    else area.setAttribute("aria-activedescendant", offers.children[chosen].id);
  }

  function close() {
    asked += 1;
    offers.hidden = true;
    mark();
  }

  function take(email) {
    const found = begun();
    if (!found) return close();
    const end = area.selectionStart;
    area.setRangeText(`${email} `, end - found[1].length, end, "end");
    close();
  }

  area.addEventListener("input", offer);
  area.addEventListener("blur", close);
  area.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the page's own keys are not for who writes
    const rows = offers.hidden ? [] : [...offers.children];
    if (rows.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length;
      mark();
    } else if (rows.length && (event.key === "Enter" || event.key === "Tab")) take(rows[chosen].dataset.email);
    else if (rows.length && event.key === "Escape") close();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
    else if (event.key === "Escape" && leave) leave();
    else return;
    event.preventDefault();
  });
  return { box, area, focus: () => area.focus() };
}
