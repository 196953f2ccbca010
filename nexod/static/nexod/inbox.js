// The inbox: a list that keeps itself fresh, read row by row with the keyboard; the chosen approval stands beside it.
import { ask, isForPage } from "./approvals.js";
import { morph } from "./morph.js";
import { wire } from "./wire.js";

const TOGETHER_MS = 300;
const AT_LATEST_MS = 30000; // times run out without anybody telling
const list = document.getElementById("changelist-form");
const rows = () => [...document.querySelectorAll("#nx-rows [data-row]")];
const pane = document.getElementById("nx-pane");
let chosen = "";
let asked = 0;

function rowOf(id) {
  return document.querySelector(`[data-row="${CSS.escape(id)}"]`);
}

function choose(row, { focus = true } = {}) {
  if (!row) return;
  chosen = row.dataset.row;
  mark();
  if (focus) row.querySelector("a").focus();
  row.scrollIntoView({ block: "nearest" });
  read();
}

function mark() {
  for (const row of rows()) {
    row.toggleAttribute("data-chosen", row.dataset.row === chosen);
    const link = row.querySelector("a");
    if (row.dataset.row === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function isSideBySide() {
  return pane && getComputedStyle(pane).display !== "none";
}

function isBeingUsed() {
  const form = pane.querySelector(".nx-decide");
  return form && (pane.contains(document.activeElement) || [...form.querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue));
}

// Where a decision leads back to: the row after the one that is decided.
function back() {
  const all = rows();
  const here = all.findIndex((row) => row.dataset.row === chosen);
  const next = all[here + 1] ?? all[here - 1];
  return `${location.pathname}${location.search}${next ? `#${next.id}` : ""}`;
}

async function read({ again = false } = {}) {
  const row = rowOf(chosen);
  if (!row || !isSideBySide()) return;
  const mine = ++asked;
  const answer = await fetch(`${row.dataset.card}?${new URLSearchParams({ next: back() })}`);
  if (mine !== asked || !answer.ok || answer.redirected) return;
  const html = await answer.text();
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-ask]");
  const old = pane.querySelector("[data-ask]");
  const isSame = old?.dataset.ask === fresh.dataset.ask && old.dataset.digest === fresh.dataset.digest;
  const canStill = Boolean(old?.querySelector(".nx-decide")) === Boolean(fresh.querySelector(".nx-decide"));
  if (again && isSame && canStill && isBeingUsed()) return; // never take a text away under somebody's fingers
  if (again && old?.dataset.ask === fresh.dataset.ask && !(isSame && canStill)) say("What you are reading has changed.");
  morph(pane, html);
}

function say(words) {
  document.getElementById("nx-said").textContent = words;
}

async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const before = rows().length;
  for (const id of ["nx-rows", "nx-views"]) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (old && now) morph(old, now.innerHTML);
  }
  badge(fresh);
  if (!before && rows().length) return location.reload();
  if (rows().length > before) say(`${rows().length - before} more to decide.`);
  if (!rowOf(chosen)) chosen = "";
  mark();
  count();
  if (chosen) read({ again: true });
}

function badge(fresh) {
  const find = (page) => [...page.querySelectorAll("a.nx-nav")].find((link) => link.pathname === location.pathname || link.getAttribute("href") === location.pathname);
  const [old, now] = [find(document), find(fresh)];
  if (old && now) morph(old, now.innerHTML);
}

const ticked = () => [...document.querySelectorAll("#nx-rows [name=row]:checked")];

function count() {
  const place = document.querySelector("#nx-bulk [data-count]");
  if (!place) return;
  const many = ticked().length;
  document.getElementById("nx-bulk").toggleAttribute("data-some", many > 0);
  place.textContent = many ? `${many} selected` : "Select some to decide them at once";
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  x: () => {
    const box = rowOf(chosen)?.querySelector("[name=row]");
    if (box && !box.disabled) box.checked = !box.checked;
    count();
  },
  Enter: () => rowOf(chosen) && location.assign(rowOf(chosen).querySelector("a").href),
};

function step(by) {
  const all = rows();
  const here = all.findIndex((row) => row.dataset.row === chosen);
  choose(all[here < 0 ? 0 : Math.min(all.length - 1, Math.max(0, here + by))]);
}

document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || !isForPage(event) || (event.key === "Enter" && event.target.closest("a, button, input, summary"))) return;
  event.preventDefault();
  act();
});

list.addEventListener("click", (event) => {
  const link = event.target.closest(".nx-ask-link");
  const plain = event.detail > 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey; // Enter on a link opens it
  if (!link || !plain || !isSideBySide()) return;
  event.preventDefault();
  choose(link.closest("[data-row]"));
});

list.addEventListener("change", (event) => {
  if (event.target.matches("[data-every]")) {
    for (const box of document.querySelectorAll("#nx-rows [name=row]:not(:disabled)")) box.checked = event.target.checked;
  }
  count();
});

list.addEventListener("submit", (event) => {
  if (list.dataset.sure) return;
  event.preventDefault();
  const many = ticked();
  if (!many.length) return say("Nothing is selected.");
  const titles = many.map((box) => box.closest("[data-row]").querySelector(".nx-strong").textContent);
  ask(event.submitter.value, titles.length > 5 ? `${titles.slice(0, 5).join(", ")} and ${titles.length - 5} more` : titles.join(", "), "", (comment) => {
    list.elements.comment.value = comment;
    list.dataset.sure = "1";
    list.requestSubmit(event.submitter);
  });
});

for (const select of document.querySelectorAll("[data-filters] select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

function onState(state) {
  const status = document.getElementById("nx-wire");
  status.dataset.state = state;
  status.lastElementChild.textContent = state === "live" ? "Live" : "Reconnecting";
  if (state === "live") refresh().catch(() => {});
}

let soon = 0;
function hear(message) {
  if (message.kind !== "missed" && !String(message.kind).startsWith("approval.")) return;
  clearTimeout(soon);
  soon = setTimeout(() => refresh().catch(() => {}), TOGETHER_MS);
}

wire({ path: () => "/ws/workspace/", onMessage: hear, onState });
setInterval(() => document.hidden || refresh().catch(() => {}), AT_LATEST_MS);
choose(rowOf(location.hash.replace("#row-", "")) ?? (isSideBySide() ? rows()[0] : null), { focus: location.hash.startsWith("#row-") });
