// One thread: where it is, what was said, and a field to answer. What somebody is writing in it survives every change.
import * as api from "./api.js";
import { commentRow } from "./comment.js";
import { composer } from "./composer.js";
import { el, icon, nameOf } from "./parts.js";

/** Return `{row, show, data}`; `show(thread)` shows it anew. */
export function threadRow(first, place) {
  const head = el("div", { className: "nx-row nx-thread-head" });
  const quote = el("blockquote", { className: "nx-quote", onclick: () => { if (!it.data.anchor.orphaned_at) place.go(it.data.anchor, first.id); } });
  const said = el("ol", { className: "nx-plain nx-said-list" });
  const row = el("li", { className: "nx-thread", id: `thread-${first.id}`, tabIndex: -1 }, head, quote, said);
  const it = { row, show, data: first };
  if (place.writes) row.append(answer());
  show(first);
  return it;

  function show(thread) {
    it.data = thread;
    row.classList.toggle("nx-resolved", Boolean(thread.resolved_at));
    row.classList.toggle("nx-news", thread.is_unread);
    head.replaceChildren(where(thread), ...states(thread), buttons(thread));
    quote.textContent = thread.anchor.quote;
    quote.hidden = !thread.anchor.quote;
    const missing = thread.replies - thread.comments.filter((one) => !one.deleted_at).length;
    const earlier = missing > 0 && el("li", {}, el("button", { type: "button", className: "nx-link nx-small-text", onclick: refresh }, `${missing} earlier`));
    if (said.querySelector(".nx-compose")) return; // somebody edits: shown when that is done
    said.replaceChildren(...[earlier].filter(Boolean), ...thread.comments.map((one) => commentRow(one, place, refresh)));
  }

  function where({ anchor }) {
    const gone = Boolean(anchor.orphaned_at);
    const parts = { node: "account_tree", text: "format_quote", step: "footprint", whole: "chat" };
    const title = anchor.part === "whole" ? "In general" : anchor.place;
    if (anchor.part === "whole" || gone) return el("span", { className: "nx-place" }, icon(gone ? "link_off" : parts.whole), el("span", {}, title));
    return el("button", { type: "button", className: "nx-place nx-link", title: "Show the place", onclick: () => place.go(anchor, first.id) }, icon(parts[anchor.part]), el("span", {}, title));
  }

  function states(thread) {
    return [
      thread.is_unread && el("span", { className: "nx-chip nx-busy nx-new" }, "New"),
      thread.anchor.orphaned_at && el("span", { className: "nx-chip nx-attention", title: "What this is about is not in the draft any more. When it comes back, this is at its place again." }, "Its place is gone"),
      thread.resolved_at && el("span", { className: "nx-chip nx-good", title: `By ${nameOf(thread.resolved_by)}` }, icon("check"), "Resolved"),
    ].filter(Boolean);
  }

  function buttons(thread) {
    if (!place.writes) return "";
    const what = thread.resolved_at ? "reopen" : "resolve";
    const title = thread.resolved_at ? "Reopen" : "Resolve";
    const act = async () => {
      const changed = await place.attempt(() => api.act(thread.id, what));
      if (changed) { show(changed); place.sorted(); }
    };
    return el("button", { type: "button", className: "nx-icon-button nx-tiny nx-push", ariaLabel: `${title} this thread`, title, onclick: act }, icon(thread.resolved_at ? "undo" : "check_circle"));
  }

  function answer() {
    const field = composer({
      label: "Reply", button: "Reply", subject: place.subject,
      send: async (text) => { await api.reply(first.id, text); await refresh(); },
    });
    field.box.classList.add("nx-reply");
    return field.box;
  }

  async function refresh() {
    const now = await place.attempt(() => api.thread(first.id));
    if (now) show(now);
    if (now) place.sorted();
  }
}
