// The form of settings that others write, too: what they choose appears in it, and what is chosen in it is read by the server.
import { choose, fieldOf } from "./settings-content.js";
import { refresh } from "./refresh.js";
import { plain } from "./shape.js";

const REFRESH_AFTER_MS = 150;
const AGAIN_AFTER_MS = 400;
const LINE = ".field-line, [data-follow]";
const PLAIN = "note"; // said of the saving, not part of what is saved

/**
 * `texts` are the shared texts of the form, which this leaves alone; `rows` those of `settingsRows`; `isBusy()` says whether something of ours is not committed.
 *
 * `send(field)` lets the document say what the form says there; `soon()` lets the form say what the document says.
 */
export function settingsPage({ form, head, doc, origin, fields, texts, rows, read, isBusy, onRefused }) {
  let [pending, timer, open] = [Promise.resolve(), 0, 0];

  const ask = async (field, place) => {
    const before = plain(head.get(field));
    const keys = [...form.querySelectorAll(`[data-rows="${rows.name}"] > [data-list] > [data-row]`)].map(rows.keyOf);
    const response = await fetch(read, { method: "POST", body: new FormData(form) }).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (!answer) return onRefused([{ field, said: "The server cannot be reached. Choose it again when it can." }]);
    if (place) return chosenInRow(place, keys, answer);
    onRefused(answer.refused.filter(({ field: at }) => at === field));
    if (field in answer.content) doc.transact(() => choose(head, field, before, answer.content[field]), origin);
  };
  const chosenInRow = (place, keys, { content, refused }) => {
    const [, key, field] = place.split(".");
    const at = keys.indexOf(key);
    onRefused(refused.filter(({ field: found }) => found.split(".").slice(0, 3).join(".").replace("_slugs", "") === `${rows.name}.${at}.${field}`));
    doc.transact(() => rows.choose(key, field, content[rows.name]?.[at]?.[field]), origin);
  };
  const send = (field, place = "") => {
    open += 1;
    pending = pending.then(() => ask(field, place)).finally(() => { open -= 1; });
    return pending;
  };

  const load = async () => {
    const response = await fetch(`${location.pathname}?together=1`).catch(() => null);
    if (!response?.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const list = fresh.querySelector(`[data-rows="${rows.name}"] > [data-list]`);
    if (open || isBusy() || (list && !rows.mark(list))) return soon(AGAIN_AFTER_MS);
    const held = document.activeElement;
    const lines = [...fresh.querySelectorAll(LINE)];
    [...document.querySelectorAll(LINE)].forEach((line, n) => {
      if (lines[n]) refresh(line, lines[n].innerHTML, (control) => texts.of(control)?.text || control.name === PLAIN);
    });
    if (held?.isConnected && held !== document.activeElement) held.focus(); // its row has moved
    rows.follow();
    texts.show("");
    for (const { element, text } of texts.all()) if (text) element.dataset.shared = ""; // the fresh form knows nothing of it
    document.dispatchEvent(new CustomEvent("nexod:settings-shown"));
  };
  const soon = (after = REFRESH_AFTER_MS) => {
    clearTimeout(timer);
    timer = setTimeout(() => (open || isBusy() ? soon(AGAIN_AFTER_MS) : load()), after);
  };

  const chosen = ({ target }) => {
    const place = rows.placeOf(target);
    const field = place ? rows.name : fieldOf(target.name ?? "", fields);
    if (field && !texts.of(target)) send(field, place);
  };
  form.addEventListener("change", chosen);
  form.addEventListener("click", ({ target }) => { // rows that come and go are no change of a field
    const rows = target.closest("[data-add], [data-remove]")?.closest("[data-tools]");
    if (rows) setTimeout(() => send(rows.dataset.tools));
  });
  return { send, soon, ready: () => pending };
}
