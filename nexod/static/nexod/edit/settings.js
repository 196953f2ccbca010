// The page of an agent or a knowledge base as a Yjs client: everybody who has it open writes the same settings; saving takes what is seen.
import { colourOf } from "../persons.js";
import * as Y from "../vendor/yjs.js";
import { connect } from "./connection.js";
import { fields as sharedFields } from "./fields.js";
import { same } from "./lists.js";
import { othersIn, showPeople, toldIn } from "./people.js";
import { telling } from "./place.js";
import { contentOf, fieldOf } from "./settings-content.js";
import { settingsPage } from "./settings-page.js";
import { settingsRows } from "./settings-rows.js";
import { saving } from "./settings-saving.js";
import { stated } from "./state.js";
import { undoable } from "./undo.js";

const $ = (id) => document.getElementById(id);
const [TYPING, STEP] = [{ by: "typing" }, { by: "step" }];
const isOwn = ({ origin }) => origin === TYPING || origin === STEP;

function together(page) {
  const { room, socket, person, name, writes: may } = page.dataset;
  const writes = may === "1";
  const doc = new Y.Doc();
  const state = stated({ chip: $("nx-live-state"), note: $("nx-live-note"), writes, kept: ["Shared", "Sharing"] });
  let [editor, isCommitted] = [null, true];
  const provider = connect({
    address: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${socket}`,
    room,
    doc,
    onSaved(isSaved) {
      isCommitted = isSaved;
      state.hold("typed", !isSaved);
      if (isSaved) page.dispatchEvent(new Event("committed"));
    },
    onState(next, more) {
      state.become(next, more);
      if (next === "live" && !editor) editor = edit({ page, doc, provider, writes, isBusy: () => !isCommitted });
      if (next === "out") editor?.stop();
    },
  });
  provider.awareness.setLocalState({ user: { id: person, name, color: colourOf(person) }, at: {} });
}

function edit({ page, doc, provider, writes, isBusy }) {
  const { awareness } = provider;
  const head = doc.getMap("settings");
  const form = page.closest("form");
  const names = page.dataset.fields.split(" ");
  const at = telling(awareness, awareness.getLocalState().user);
  const bound = () => sharedFields({ doc, awareness, origin: TYPING, at });
  const own = bound();
  const rows = settingsRows({ doc, form, shape: page.dataset, origin: STEP, bound });
  const texts = joined(own, rows);
  document.documentElement.dataset.settings = "";

  let refused = [];
  const shown = settingsPage({
    form, head, doc, origin: STEP, fields: names, texts, rows, read: page.dataset.read, isBusy,
    onRefused(found) { refused = found; tell(); },
  });
  if (writes) for (const name of page.dataset.texts.split(" ")) if (form.elements[name]) own.add(form.elements[name], { map: head, name, path: [name] });

  const inForm = (field) => (rows.controlOf(field) ? field : fieldOf(field, names));
  const controlOf = (field) => rows.controlOf(field) ?? [...form.elements].find(({ name, type }) => name && type !== "hidden" && fieldOf(name, names) === field);
  const tell = () => {
    const told = toldIn(awareness);
    const flaws = [...(told.problems ?? []).map(({ field, message }) => ({ field, said: message })), ...refused];
    const lines = flaws.map(({ field, said }) => flaw(field, said));
    if (JSON.stringify(flaws) !== $("nx-problems").dataset.said) $("nx-problems").replaceChildren(...lines);
    $("nx-problems").dataset.said = JSON.stringify(flaws);
    const count = told.changed?.length ?? 0;
    $("nx-unsaved").hidden = !told.changed;
    $("nx-unsaved").className = `nx-chip ${count ? "nx-attention" : "nx-quiet"}`;
    $("nx-unsaved").textContent = count ? `${count} change${count > 1 ? "s" : ""} not saved` : "As it is saved";
    $("nx-unsaved").title = (told.changed ?? []).map(({ field, by }) => `${words(field)}: ${by.map(({ name }) => name).join(", ")}`).join("\n");
  };
  const hold = () => {
    const others = othersIn(awareness);
    for (const line of document.querySelectorAll("[data-held]")) delete line.dataset.held;
    for (const person of others) {
      const line = person.at.field && controlOf(inForm(person.at.field))?.closest(".field-line, .nx-field");
      if (!line) continue;
      line.dataset.held = person.name;
      line.style.setProperty("--nx-who", person.colour);
    }
    texts.show("");
  };
  const flaw = (field, said) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: field ? `${words(field)}: ${said}` : said });
    button.addEventListener("click", () => reach(controlOf(field) ?? controlOf(field.split(".")[0])));
    const item = document.createElement("li");
    item.append(button);
    return item;
  };

  let following = null;
  let { saved } = page.dataset; // what stands beside the form was made of that
  const hear = () => {
    hold();
    tell();
    const field = othersIn(awareness).find(({ client }) => client === following)?.at.field;
    if (field) controlOf(inForm(field))?.scrollIntoView({ block: "center" });
    const told = toldIn(awareness).saved ?? saved;
    if (told !== saved) shown.soon();
    saved = told;
  };
  showPeople($("nx-people"), awareness, (client) => { following = client; hear(); });
  awareness.on("change", hear);
  const changed = (events, transaction) => {
    const isText = events.every(({ target }) => target instanceof Y.Text && texts.all().some(({ text }) => text === target));
    if (!isOwn(transaction) && !isText) shown.soon();
    texts.show("");
  };
  head.observeDeep(changed);
  rows.map?.observeDeep((events, transaction) => {
    changed(events, transaction);
    // What is added, removed, moved or renamed here shows elsewhere in the form, too.
    if (transaction.origin === STEP) shown.soon();
  });
  form.addEventListener("focusin", ({ target }) => { if (fieldOf(target.name ?? "", names) && !texts.of(target)) at.field(rows.placeOf(target) || target.name); });
  form.addEventListener("focusout", ({ target }) => { if (target.name && !texts.of(target)) at.field(""); });

  const content = () => ({ ...contentOf(head, names.filter((name) => name !== rows.name)), ...rows.content() });
  if (writes) {
    saving({ page, form, content, isBusy, ready: shown.ready });
    undoable({
      doc, roots: [head, rows.map].filter(Boolean), typing: TYPING, step: STEP, undo: $("nx-undo-mine"), redo: $("nx-redo"), within: form, ready: shown.ready,
      here: () => "", go: () => shown.soon(),
    });
  }
  const base = JSON.parse(form.elements.base.value);
  if (rows.map) inRows({ form, rows, shown, writes });
  if (!same(base, content())) shown.soon();
  hear();
  document.addEventListener("nexod:document-ask", ({ detail }) => detail.give(doc, awareness));
  return { stop: () => { for (const control of form.elements) control.disabled = true; } };
}

// Several holders of shared texts as one.
function joined(own, rows) {
  const all = () => [own, ...rows.texts()];
  return {
    show: (node) => { for (const one of all()) one.show(node); },
    of: (element) => all().map((one) => one.of(element)).find(Boolean),
    all: () => all().flatMap((one) => one.all()),
  };
}

// The rows of the form are those of the document from the start; its buttons change the document, and the page follows.
function inRows({ form, rows, shown, writes }) {
  const list = form.querySelector(`[data-rows="${rows.name}"] > [data-list]`);
  if (rows.mark(list)) rows.follow();
  else shown.soon();
  if (!writes) return;
  const act = (event, what, from) => {
    if (from.closest("[data-rows]")?.dataset.rows !== rows.name) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const key = rows.keyOf(from);
    shown.ready().then(() => {
      const added = rows.act(what, key);
      if (added) document.addEventListener("nexod:settings-shown", () => reach(rows.controlOf(`${rows.name}.${added}.slug`)), { once: true });
    });
  };
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row-do]");
    if (button) act(event, button.dataset.rowDo, button);
  }, { capture: true });
  form.addEventListener("keydown", (event) => {
    const what = event.altKey && { ArrowUp: "up", ArrowDown: "down" }[event.key];
    if (what && !event.target.matches("select")) act(event, what, event.target);
  }, { capture: true });
}

function reach(control) {
  const folded = control?.closest("details:not([open])");
  if (folded) folded.open = true;
  control?.focus();
}

function words(field) {
  const said = field.replaceAll("_", " ").replaceAll(".", ", ");
  return said[0].toUpperCase() + said.slice(1);
}

const page = $("nx-together");
if (page) {
  page.hidden = false;
  together(page);
}
