// The comments beside a workflow, a run or an approval: read from the API, kept true by the workspace's socket.
import * as api from "./api.js";
import { composer } from "./composer.js";
import { el, icon } from "./parts.js";
import * as places from "./places.js";
import { threadRow } from "./thread.js";

const SEEN_MS = 1500;
const AGAIN_MS = 5000; // after the server could not be asked
const panel = document.getElementById("nx-talk");
const { kind, about, person, open: wanted } = panel.dataset;
const part = (name) => document.getElementById(`nx-${name}`);
const which = part("talk-which");
const threads = new Map();
const place = {
  person, subject: `${kind}:${about}`, writes: "writes" in panel.dataset, moderates: "moderates" in panel.dataset,
  go: (anchor, thread) => places.go(kind, anchor, thread), sorted, attempt,
};
let here = null;
let older = null;
let isWriting = () => false;

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    part("talk-empty").textContent = error.message;
    part("talk-empty").hidden = false;
    return null;
  }
}

function isHere({ anchor }) {
  return here && anchor.part !== "whole" && (here.anchor.step ? anchor.step === here.anchor.step : anchor.node === here.anchor.node);
}

/** Show those that are asked for, the newest first, and say how many there are. */
function sorted() {
  const wants = { open: (one) => !one.resolved_at, resolved: (one) => one.resolved_at, all: () => true, place: isHere };
  let shown = 0;
  for (const { row, data } of threads.values()) {
    row.hidden = !wants[which.value](data) && data.id !== wanted;
    shown += row.hidden ? 0 : 1;
  }
  const fresh = [...threads.values()].filter(({ data }) => data.is_unread).length;
  part("talk-new").hidden = fresh === 0;
  part("talk-new").textContent = `${fresh} new`;
  const none = { open: "Nothing is open.", resolved: "Nothing was resolved yet.", all: "Nobody has said anything yet.", place: "Nothing was said here yet." };
  part("talk-empty").hidden = shown > 0;
  part("talk-empty").textContent = none[which.value];
  places.tellWords([...threads.values()].map(({ data }) => data), place.writes);
}

function put(thread, first = true) {
  const known = threads.get(thread.id);
  if (known) return known.show(thread);
  const made = threadRow(thread, place);
  threads.set(thread.id, made);
  part("threads")[first ? "prepend" : "append"](made.row);
  if (thread.is_unread) reader.observe(made.row);
}

async function load() {
  const page = await attempt(() => api.list({ subject: place.subject }));
  if (!page) return;
  const gone = new Set(threads.keys());
  for (const thread of page.results) gone.delete(thread.id);
  if (!page.next) for (const id of gone) { threads.get(id).row.remove(); threads.delete(id); }
  const isFirst = threads.size === 0;
  for (const thread of isFirst ? page.results : page.results.toReversed()) put(thread, !isFirst);
  older = page.next;
  part("talk-more").hidden = !older;
  sorted();
}

async function more() {
  const page = await attempt(() => api.next(older));
  if (!page) return;
  for (const thread of page.results) put(thread, false);
  older = page.next;
  part("talk-more").hidden = !older;
  sorted();
}

// What is on the screen for a moment was read.
const timers = new Map();
const reader = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    clearTimeout(timers.get(target));
    if (isIntersecting && !target.hidden) timers.set(target, setTimeout(() => seen(target), SEEN_MS));
  }
}, { threshold: 0.3 });

async function seen(row) {
  if (document.visibilityState !== "visible") return;
  reader.unobserve(row);
  const now = await api.act(row.id.replace("thread-", ""), "seen").catch(() => null);
  if (!now) return void setTimeout(() => reader.observe(row), AGAIN_MS);
  threads.get(now.id).data.is_unread = false;
  sorted();
}

async function hear({ detail }) {
  if (detail.kind === "missed") return load();
  if (!detail.kind?.startsWith("comment.") || detail.subject.kind !== kind || detail.subject.id !== about) return;
  const now = await api.thread(detail.thread).catch(() => null);
  if (!now) return void setTimeout(load, AGAIN_MS); // gone, or the server is: the list will say
  put(now);
  if (now.is_unread) reader.observe(threads.get(now.id).row);
  sorted();
}

function write() {
  const chip = el("span", { className: "nx-row nx-about" });
  const field = composer({ label: "New comment", button: "Comment", subject: place.subject, send });
  part("talk-write").append(chip, field.box);
  part("talk-write").hidden = false;
  isWriting = () => field.area.value.trim() !== "";

  async function send(text) {
    const thread = await api.open({ kind, id: about }, here?.anchor ?? { part: "whole" }, text);
    if (which.value === "resolved") which.value = "open";
    put(thread);
    sorted();
    threads.get(thread.id).row.scrollIntoView({ block: "nearest" });
  }

  return function show(isMeant) {
    const off = () => { here = null; show(); field.focus(); };
    chip.replaceChildren(...(here
      ? [icon("location_on"), el("span", {}, here.title), el("button", { type: "button", className: "nx-icon-button nx-tiny", ariaLabel: "Comment in general instead", title: "Comment in general instead", onclick: off }, icon("close"))]
      : [icon("chat"), el("span", {}, `About the whole ${kind}`)]));
    which.querySelector("[value=place]").hidden = !here;
    if (!here && which.value === "place") which.value = "open";
    sorted();
    if (isMeant) {
      field.box.scrollIntoView({ block: "nearest" });
      field.focus();
    }
  };
}

const show = place.writes ? write() : () => {};
// What somebody is writing about stays that, wherever they look meanwhile.
places.watch(kind, (found, isMeant) => {
  if (isWriting() && !isMeant) return;
  here = found;
  show(isMeant);
});
which.addEventListener("change", sorted);
part("talk-more").querySelector("button").addEventListener("click", more);
document.addEventListener("nexod:workspace", hear);
document.addEventListener("nexod:document-ready", sorted);
document.addEventListener("nexod:show-thread", ({ detail }) => meant(detail.thread));
document.addEventListener("nexod:thread-lost", ({ detail }) => {
  const known = threads.get(detail.thread);
  if (known) known.show({ ...known.data, anchor: { ...known.data.anchor, orphaned_at: known.data.anchor.orphaned_at ?? new Date().toISOString() } });
});

function meant(id) {
  const row = threads.get(id)?.row;
  if (!row) return;
  for (const other of threads.values()) other.row.classList.toggle("nx-meant", other.row === row);
  row.hidden = false;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
}

show();
await load();
if (wanted && !threads.has(wanted)) await attempt(async () => { put(await api.thread(wanted)); sorted(); });
meant(wanted);
