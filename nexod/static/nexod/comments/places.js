// Where on the page a comment belongs: the node or the words that are chosen in the editor, the step of a run that is open.

const EDITOR = "../vendor/yjs.js";

/** Tell `choose({anchor, title} | null, isMeant)` whenever somebody looks at another part of the page, or wants to comment on it. */
export function watch(kind, choose) {
  let newest = 0;
  const tell = (detail, isMeant) => {
    const mine = ++newest;
    chosen(detail).then((found) => { if (mine === newest || isMeant) choose(found, isMeant); });
  };
  if (kind === "workflow") {
    document.addEventListener("nexod:node-selected", ({ detail }) => tell(detail, false));
    document.addEventListener("nexod:comment", ({ detail }) => tell(detail, true));
  }
  if (kind === "run") {
    document.addEventListener("toggle", ({ target }) => {
      if (!target.matches?.("details.nx-step[data-key^=s]") || !target.closest("#nx-part-steps")) return;
      if (target.open) choose(ofStep(target));
    }, true);
  }
}

function ofStep(details) {
  const title = details.querySelector("summary .nx-strong")?.textContent ?? details.dataset.node;
  return { anchor: { part: "step", step: details.dataset.key.slice(1) }, title };
}

async function chosen({ key, id, title, field }) {
  if (!key) return null;
  const name = title || id || key;
  const node = { anchor: { part: "node", node: key }, title: name };
  if (!field || field.start === undefined || field.start === field.end) return node;
  return (await words(key, field, name)) ?? node;
}

/** The words that are marked in a text, with positions that move along when others write before them. */
async function words(key, { path, start, end }, name) {
  let shared = null;
  document.dispatchEvent(new CustomEvent("nexod:document-ask", { detail: { give: (doc) => { shared = doc; } } }));
  const node = shared?.getMap("nodes").get(key);
  const text = path.split(".").reduce((part, step) => part?.get?.("push" in part ? Number(step) : step), node);
  const [from, to] = start < end ? [start, end] : [end, start];
  const quote = text?.toString?.().slice(from, to);
  if (!quote?.trim() || quote.length > 500) return null;
  const Y = await import(EDITOR);
  if (!(text instanceof Y.Text)) return null;
  const at = (index, side) => encoded(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, index, side)));
  const anchor = { part: "text", node: key, field: path, quote, start: at(from, 0), end: at(to, -1) };
  return { anchor, title: `“${quote.length > 40 ? `${quote.slice(0, 39)}…` : quote}” in ${name}` };
}

function encoded(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** Tell the editor which words threads are about, so that it marks them; those that are resolved are not. */
export function tellWords(threads, writes) {
  const words = threads.filter(({ anchor, resolved_at: resolved }) => anchor.part === "text" && !resolved).map(({ id, anchor }) => ({
    id, node: anchor.node, field: anchor.field, quote: anchor.quote, start: anchor.start, end: anchor.end, at: anchor.at_start, orphaned: Boolean(anchor.orphaned_at),
  }));
  document.dispatchEvent(new CustomEvent("nexod:threads", { detail: { threads: words, writes } }));
}

/** Show the place of a thread on the page. */
export function go(kind, anchor, thread) {
  if (kind === "workflow") {
    const about = anchor.part === "text" ? thread : null;
    return document.dispatchEvent(new CustomEvent("nexod:open-node", { detail: { key: anchor.node, field: anchor.field, thread: about } }));
  }
  const step = document.querySelector(`details.nx-step[data-key="s${CSS.escape(anchor.step)}"]`);
  if (!step) return location.assign(`?node=${encodeURIComponent(anchor.node)}#step-${anchor.node}`);
  step.open = true;
  step.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  step.querySelector("summary").focus({ preventScroll: true });
}
