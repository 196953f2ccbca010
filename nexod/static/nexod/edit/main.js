// The workflow page as a Yjs client: everybody who has it open edits one definition and sees the others.
import * as Y from "../vendor/yjs.js";
import { colourOf, initials } from "../persons.js";
import { connect } from "./connection.js";
import { fields } from "./fields.js";
import { graph } from "./graph.js";
import { json } from "./json.js";
import { panel } from "./panel.js";
import { othersIn, showPeople, toldIn } from "./people.js";
import { telling } from "./place.js";
import { showProblems } from "./problems.js";
import { definitionOf, idsOf, keyOf, ordered, plain, rootsOf } from "./shape.js";
import { stated } from "./state.js";
import { undoable } from "./undo.js";

const $ = (id) => document.getElementById(id);
const [TYPING, STEP] = [{ by: "typing" }, { by: "step" }]; // the origins of what this person does
const isOwn = ({ origin }) => origin === TYPING || origin === STEP;
const DRAW_AGAIN_MS = 3000; // after the server could not be asked
const TITLE_FIELDS = { name: "id_name", description: "id_description" };

/** Edit `room` in this page; `alone` is called when the wire never came. */
function together(page, alone) {
  const { room, socket, person, name, writes: may } = page.dataset;
  const writes = may === "1";
  const doc = new Y.Doc();
  const state = stated({ chip: $("nx-live-state"), note: $("nx-live-note"), writes });
  let editor = null;
  const provider = connect({
    address: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${socket}`,
    room,
    doc,
    onSaved: (isSaved) => state.hold("typed", !isSaved),
    onState(next, more) {
      state.become(next, more);
      if (next === "live" && !editor) editor = edit({ doc, provider, writes, hold: state.hold });
      if (next === "blocked") alone();
      if (next === "out") editor?.stop(more);
      if (next === "live") editor?.back();
    },
  });
  provider.awareness.setLocalState({ user: { id: person, name, color: colourOf(person) }, at: {} });
}

function edit({ doc, provider, writes, hold }) {
  const { awareness } = provider;
  const { workflow, nodes } = rootsOf(doc);
  const area = document.querySelector("textarea[data-definition]");
  const tabs = $("nx-tabs");
  const selected = (key, field = null) => document.dispatchEvent(
    new CustomEvent("nexod:node-selected", { detail: { key, id: idsOf(nodes).get(key) ?? "", field } }),
  );
  const at = telling(awareness, awareness.getLocalState().user, (field) => selected(form.key(), field));
  let problems;
  let following = null;
  let isFollowing = false;

  const drawing = graph($("nx-graph"), $("nx-node-panel").dataset.edit, () => {
    drawing.again();
    setTimeout(draw, DRAW_AGAIN_MS);
  });
  for (const [id, factor] of [["nx-zoom-in", 1.25], ["nx-zoom-out", 0.8], ["nx-zoom-fit", 0]]) $(id).addEventListener("click", () => drawing.zoom(factor));
  $("nx-zoom").hidden = false;

  const form = panel({
    element: $("nx-node-panel"), doc, awareness, at, typing: TYPING, step: STEP, writes, onHeld: (isHeld) => hold("asked", isHeld),
    onOpen(key) {
      if (!isFollowing) people?.stop();
      selected(key);
      draw();
    },
  });
  const text = json({ area, doc, origin: TYPING, writes, onHeld: (isHeld) => hold("json", isHeld), onState: (words) => { $("nx-json-note").textContent = words; } });
  const head = fields({ doc, awareness, origin: TYPING, at });
  for (const [field, id] of Object.entries(TITLE_FIELDS)) if ($(id)) head.add($(id), { map: workflow, name: field, path: [field] });

  const marks = () => {
    const ids = idsOf(nodes);
    const taken = new Map();
    const others = othersIn(awareness).filter((person) => ids.has(person.at.node)).map((person) => {
      const id = ids.get(person.at.node);
      const nth = taken.get(id) ?? 0;
      taken.set(id, nth + 1);
      return { id, kind: "here", colour: person.colour, text: initials(person.name), nth };
    });
    const flaws = [...new Set((problems ?? []).map(({ node }) => node).filter(Boolean))].map((id) => ({ id, kind: "flaw" }));
    const own = form.id() ? [{ id: form.id(), kind: "here", colour: "var(--nx-focus)", text: "", nth: 0 }] : [];
    drawing.mark([...flaws, ...own, ...others]);
  };
  const draw = () => {
    drawing.draw(definitionOf(doc), idsOf(nodes).get(form?.key() ?? "") ?? "");
    marks();
  };
  const hearPeople = () => {
    const told = toldIn(awareness);
    if (told.problems && JSON.stringify(told.problems) !== JSON.stringify(problems)) {
      problems = told.problems;
      form.problems(problems);
      if (!text.frame.hidden) text.problems(problems);
    }
    const titles = new Map(ordered(nodes).map(([, node]) => [plain(node.get("id")), plain(node.get("title")) || plain(node.get("id"))]));
    showProblems($("nx-problems"), $("nx-check-state"), problems, titles);
    marks();
    form.show();
    head.show("");
    const wanted = othersIn(awareness).find(({ client }) => client === following)?.at.node;
    if (following !== null && wanted !== undefined && wanted !== form.key()) go(wanted);
  };
  const together = (work) => {
    let isSoon = false;
    return () => {
      if (isSoon) return;
      isSoon = true;
      setTimeout(() => { isSoon = false; work(); }, 30);
    };
  };

  const go = (key) => {
    isFollowing = true;
    if (key === "" || nodes.has(key)) form.open(key, { focus: false });
    isFollowing = false;
  };
  const people = showPeople($("nx-people"), awareness, (client) => {
    following = client;
    hearPeople();
  });
  awareness.on("change", together(hearPeople));

  const choose = (name) => {
    $("nx-node-panel").hidden = name !== "steps";
    text.show(name === "json");
    if (name === "steps") form.soon();
    for (const tab of tabs.children) {
      tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
      tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
    }
  };
  const open = (id) => {
    choose("steps");
    form.open(keyOf(doc, id));
    $("nx-node-panel").scrollIntoView({ block: "nearest" });
  };

  let titles = new Map();
  const heard = (events, transaction) => {
    const isMine = isOwn(transaction);
    const key = form.key();
    if (key && !nodes.has(key)) form.gone(isMine ? "" : titles.get(key));
    else if (!isMine && events.some((event) => !(event.target instanceof Y.Text) && (event.target === nodes || event.path[0] === key || !key))) form.soon();
    titles = new Map(ordered(nodes).map(([name, node]) => [name, plain(node.get("title")) || plain(node.get("id"))]));
    changed();
  };
  const changed = together(() => {
    draw();
    text.follow();
    form.show();
    head.show("");
  });
  nodes.observeDeep(heard);
  rootsOf(doc).edges.observeDeep((events, transaction) => { if (!isOwn(transaction)) form.soon(); changed(); });
  workflow.observeDeep(changed);

  const manager = writes ? undoable({
    doc, typing: TYPING, step: STEP, undo: $("nx-undo-mine"), redo: $("nx-redo"), within: area.form, ready: form.ready, here: form.key,
    go: (key) => { if (key !== form.key()) go(key ?? ""); },
  }) : null;

  $("nx-graph").addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#node-"]');
    if (!link) return;
    event.preventDefault();
    open(link.getAttribute("href").slice(6));
  });
  $("nx-problems").addEventListener("click", (event) => {
    const node = event.target.closest("button")?.dataset.node;
    if (node) open(node);
  });
  tabs.addEventListener("click", (event) => { if (event.target.closest("[data-tab]")) choose(event.target.closest("[data-tab]").dataset.tab); });
  tabs.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    choose(text.frame.hidden ? "json" : "steps");
    tabs.querySelector('[aria-selected="true"]').focus();
  });
  $("nx-format").addEventListener("click", () => text.format());
  document.addEventListener("nexod:open-node", async ({ detail: { key, thread } }) => {
    choose("steps");
    await form.open(nodes.has(key) ? key : "", { focus: !thread });
    if (thread && !form.goTo(thread)) document.dispatchEvent(new CustomEvent("nexod:thread-lost", { detail: { thread } }));
  });
  document.addEventListener("nexod:document-ask", ({ detail }) => detail.give(doc, awareness));

  const host = text.frame;
  host.before($("nx-tab-bar"), $("nx-node-panel"));
  $("nx-tab-bar").hidden = false;
  for (const element of document.querySelectorAll("[data-alone]")) element.hidden = true;
  area.form.addEventListener("submit", () => { area.disabled = true; }); // the draft is saved already
  area.form.querySelector("[name=live]")?.setAttribute("value", "1");
  choose("steps");
  form.open("", { focus: false });
  draw();
  hearPeople();
  document.dispatchEvent(new CustomEvent("nexod:document-ready"));
  return {
    back: () => { drawing.again(); draw(); form.back(); },
    stop() {
      form.stop();
      manager?.clear();
      for (const fieldset of document.querySelectorAll("#nx-node-panel fieldset")) fieldset.disabled = true;
      area.readOnly = true;
    },
  };
}

const page = $("nx-together");
if (page) {
  page.hidden = false;
  together(page, async () => {
    await import("../definition.js");
    await import("../nodes.js");
  });
}
