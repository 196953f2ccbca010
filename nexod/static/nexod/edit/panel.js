// The form of the node in hand. Texts are typed into the shared document; all else is asked of the server and written as the least change.
import { apply } from "./change.js";
import { errands, Unreachable } from "./errands.js";
import { fields } from "./fields.js";
import { placed, placeNow } from "./move.js";
import { naming } from "./naming.js";
import { ownRows } from "./own-rows.js";
import { tell } from "./problems.js";
import { refresh } from "./refresh.js";
import { remarks } from "./remarks.js";
import { ask, outline } from "./server.js";
import { definitionOf, idsOf, keyOf, ordered, plain, rootsOf } from "./shape.js";
import { asked, given, shownOf } from "./shown.js";
import { placeOf } from "./texts.js";
import { waiting } from "./waiting.js";

const PARTS = /^(config|step|way)-/;
const REFRESH_AFTER_MS = 150;
const ROW_AFTER_MS = 1000;
const DEEDS = { add: "add", remove: "delete", rename: "rename", move: "move" };

/** The panel in `element`; `onOpen(key)` hears which node is in hand, `onHeld(isHeld)` whether something waits to be asked. */
export function panel({ element, doc, awareness, at, typing, step, writes, onOpen, onHeld = () => {} }) {
  const address = element.dataset.edit;
  const { nodes } = rootsOf(doc);
  const talk = remarks({
    panel: element, doc, hand: () => ({ key, id: id(), title: plain(nodes.get(key)?.get("title")) ?? "" }), entries: () => texts.all(), show: () => texts.show(key),
  });
  const texts = fields({ doc, awareness, origin: typing, at, remarksOf: talk.of });
  let [key, told, flaws, refused, timer, shown] = ["", {}, [], [], 0, null];
  const own = ownRows(element);
  let isAwaited = false; // the person has gone to a step; whichever look brings its form, the form takes the focus
  let behind = new Map(); // fields in hand that have another value by now
  const begun = new WeakSet(); // fields of what is still to be asked, such as a step to add: the document knows nothing of them

  const id = (one = key) => idsOf(nodes).get(one) ?? "";
  const titleOf = (one) => `“${plain(nodes.get(one)?.get("title")) || id(one)}”`;
  const show = () => {
    tell(element, [...flaws.filter(({ node }) => node === id() && node), ...refused]);
    texts.show(key);
  };
  const say = (message, field = "") => {
    refused = message ? [{ field, said: message }] : [];
    show();
  };
  const queue = errands({
    onFail: (error) => say(error.message),
    onWait(titles) {
      onHeld(queue.has());
      line.say(titles);
    },
  });
  const line = waiting({
    element,
    onTry: () => queue.again(),
    onDrop() {
      line.failed(queue.drop());
      own.drop();
      queue.add({ work: () => load(true) });
    },
  });

  const bindAll = () => {
    texts.clear();
    const node = nodes.get(key);
    if (!node || shown?.key !== key) return;
    for (const control of element.querySelectorAll("textarea[name], input[type=text][name], input:not([type])[name]")) {
      const place = placeOf(node, control.name, told, element);
      const isElsewhere = place?.path.some((part) => typeof part === "number") && plain(place.map.get(place.name)) !== control.value;
      if (isElsewhere) soon(); // a row that others moved meanwhile
      else if (place) texts.add(control, place);
    }
  };
  const render = (answer, definition, isSame, focus) => {
    told = answer.texts ?? {};
    shown = shownOf(doc, key, definition);
    if (isSame) {
      behind = refresh(element, answer.form, (control) => texts.of(control)?.text || begun.has(control));
      own.number();
    } else {
      texts.clear();
      behind = new Map();
      element.innerHTML = answer.form;
    }
    bindAll();
    if (focus) element.querySelector("h3, a, select")?.focus();
    show();
  };
  const blank = () => {
    texts.clear();
    shown = null;
    const words = Object.assign(document.createElement("p"), { className: "nx-muted", textContent: "This is shown as soon as the server can be reached." });
    const errors = document.createElement("ul");
    errors.className = "nx-errors";
    errors.dataset.at = "";
    element.replaceChildren(words, errors);
  };

  const load = async (isSame) => {
    const [mine, node] = [key, id()];
    const definition = outline(definitionOf(doc), node, node || null);
    const answer = await ask(address, "open", definition, { node }).catch((error) => {
      if (error instanceof Unreachable && shown?.key !== key) blank();
      throw error;
    });
    if (mine !== key) return;
    const isEarly = queue.has() || isWriting(); // what is on its way, or in hand, is not in this answer
    if (isEarly) soon();
    if (isEarly && shown?.key === key) return;
    render(answer, definition, isSame && shown?.key === key, isAwaited);
    isAwaited = false;
  };
  const open = (wanted, { focus = true } = {}) => {
    const isSame = wanted === key && shown !== null;
    key = wanted;
    refused = [];
    at.node(key);
    onOpen(key);
    isAwaited = focus && (isAwaited || !isSame);
    queue.add({ work: () => load(isSame) });
    return queue.ready();
  };

  const send = async (change, rows) => {
    const question = asked(doc, change, outline(definitionOf(doc), id(change.shown.key), id(change.shown.key)));
    if (!question) throw new Error("What you changed last was not taken: somebody else has deleted the step.");
    const names = naming(nodes);
    const answer = await ask(address, "apply", question.before, question.data);
    const [before, after] = [names.said(question.before), names.said(answer.document)];
    refused = answer.refused;
    own.taken(rows, refused);
    apply(doc, before, after, { origin: step });
    Object.assign(change.shown, shownOf(doc, change.shown.key, after)); // what is sent next was changed in this
    if (change.shown !== shown || shown.key !== key) return;
    if (answer.form) render(answer, after, true, false);
    else bindAll();
    show();
  };
  const change = async (what, one, more) => {
    if (one && !nodes.has(one)) throw new Error("It did not happen: somebody else has deleted the step.");
    const [node, before, names] = [id(one), definitionOf(doc), naming(nodes)];
    const answer = await ask(address, what, before, { node, ...more });
    const after = names.said(answer.document);
    refused = answer.refused;
    apply(doc, names.said(before), after, { origin: step, renamed: what === "rename" && !refused.length ? { [names.id(node)]: answer.node } : {} });
    if (refused.length) return show();
    if (one !== key) return soon(); // the person has gone on to another step while it waited
    key = what === "rename" ? key : keyOf(doc, names.id(answer.node));
    at.node(key);
    onOpen(key);
    if (answer.form) render(answer, after, false, what !== "remove");
  };
  const begin = (what, more = {}) => {
    const [one, place] = [what === "add" ? "" : key, placed(doc, more.place)];
    const title = `${DEEDS[what]} ${what === "add" ? `“${more.title || more.type}”` : titleOf(one)}`;
    queue.add({ title, work: () => change(what, one, place ? { ...more, place: placeNow(doc, place) } : more) });
  };

  const find = (words) => {
    const wanted = words.toLowerCase();
    const named = ordered(nodes).map(([name, node]) => [name, `${plain(node.get("id"))}`, `${plain(node.get("title")) ?? ""}`.toLowerCase()]);
    const [found] = named.find(([, one]) => one === words) ?? named.find(([, one, title]) => title === wanted)
      ?? named.find(([, one, title]) => one.toLowerCase().includes(wanted) || title.includes(wanted)) ?? [];
    if (found && words) open(found);
    else say("No step is called so.");
  };
  const isWriting = () => element.querySelector("[data-row]:focus-within") !== null; // rows of others would come beneath the caret
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (isWriting() ? soon() : queue.add({ work: () => load(true) })), isWriting() ? ROW_AFTER_MS : REFRESH_AFTER_MS);
  };
  const leave = (control) => { // an empty text is none, unless somebody else is in it
    const entry = texts.of(control);
    const isFree = ![...awareness.getStates()].some(([client, { at: there }]) => client !== awareness.clientID && there?.node === key && there.field === entry.field);
    if (!control.value && isFree && entry.place.name in Object.fromEntries(entry.place.map.entries()) && !control.required && told[control.name]) {
      doc.transact(() => entry.place.map.delete(entry.place.name), typing);
    }
  };

  element.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#node-"]');
    const what = event.target.closest("[data-do]")?.dataset.do;
    const value = (name) => element.querySelector(`[name="${name}"]`)?.value ?? "";
    if (link) {
      event.preventDefault();
      open(keyOf(doc, link.getAttribute("href").slice(6)));
    } else if (what === "close") open("");
    else if (what === "find") find(value("find-node").trim());
    else if (what === "remove") begin("remove");
    else if (what === "rename") begin("rename", { to: value("new-id") });
    else if (what === "move") begin("move", { place: value("move-place") });
    else if (what === "add") begin("add", { type: value("new-type"), title: value("new-title"), place: value("new-place") });
  });
  element.addEventListener("change", ({ target }) => {
    const name = target.name ?? target.dataset.rows ?? "";
    behind.delete(target);
    if (!writes || !shown || !PARTS.test(name)) return;
    if (texts.of(target)?.text) leave(target);
    else {
      const changed = given(shown, element.closest("form"), texts.all(), !name.startsWith("way-")); // as it is now, not when its turn comes
      const rows = own.filled();
      queue.add({ title: `change ${titleOf(shown.key)}`, work: () => send(changed, rows) });
    }
  });
  element.addEventListener("input", ({ target }) => { if (!PARTS.test(target.name ?? "")) begun.add(target); });
  element.addEventListener("focusout", ({ target }) => { // it was in hand when others changed it, and was left as it was
    if (behind.has(target)) behind.get(target)();
    behind.delete(target);
  });
  element.addEventListener("keydown", (event) => { // Enter in a field is no wish to save anything
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault();
    if (event.target.name === "new-id") element.querySelector('[data-do="rename"]').click();
    else if (event.target.name === "find-node") element.querySelector('[data-do="find"]').click();
    else if (event.target.name === "new-title") element.querySelector('[data-do="add"]').click();
    else event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  element.addEventListener("focusin", ({ target }) => { if (target.name && !texts.of(target)) at.field(target.name); });

  return {
    open,
    ready: queue.ready,
    goTo: talk.go,
    back: () => { queue.again(); soon(); },
    stop: () => line.failed(queue.stop()),
    soon,
    show,
    key: () => key,
    id,
    gone(name) {
      open("", { focus: false }).then(() => say(`${name ? `“${name}”` : "The step in hand"} was deleted by somebody else.`));
    },
    problems(found) {
      flaws = found.map(({ node, field, message }) => ({ node, field, said: message }));
      show();
    },
  };
}
