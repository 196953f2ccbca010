// Forms of a definition's nodes: every change goes to the server, which answers with the definition as it is then.

const area = document.querySelector("textarea[data-definition]");
const panel = document.getElementById("nx-node-panel");
const FIELDS = /^(config|step|way)-/;
const MOST_UNDONE = 50;
const AGAIN_MS = 3000;

function start() {
  const editor = area.closest(".nx-editor") ?? area;
  const bar = document.getElementById("nx-tab-bar");
  const tabs = document.getElementById("nx-tabs");
  const undo = document.getElementById("nx-undo");
  const before = [];
  const graph = document.getElementById("nx-graph");
  let node = "";
  let newest = 0;
  let pending = null;

  const isShown = () => !panel.hidden;
  const choose = (name) => {
    panel.hidden = name !== "steps";
    editor.hidden = name !== "json";
    for (const tab of tabs.children) {
      tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
      tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
    }
    if (name === "json") area.dispatchEvent(new Event("input"));
    else send("open");
  };

  const placeOf = (field, places) => {
    const wanted = field.replace(/^(step|retry)\./, "").replace(/^edges.*/, "edges");
    const found = places.filter((at) => at && (wanted === at || wanted.startsWith(`${at}.`)));
    return found.sort((a, b) => b.length - a.length)[0] ?? "";
  };

  const tell = (problems) => {
    panel.dispatchEvent(new Event("rows:place", { bubbles: true }));
    const lists = new Map([...panel.querySelectorAll("ul[data-at]")].map((list) => [list.dataset.at, list]));
    for (const list of lists.values()) list.replaceChildren();
    for (const { field, said } of problems) {
      const item = document.createElement("li");
      item.textContent = said;
      lists.get(placeOf(field ?? "", [...lists.keys()]))?.append(item);
    }
  };

  const show = (answer, focus) => {
    if (answer.form !== undefined) {
      const name = document.activeElement?.name;
      panel.innerHTML = answer.form;
      node = panel.querySelector("[data-node-form]")?.dataset.nodeForm ?? "";
      if (focus) panel.querySelector("h3")?.focus();
      else if (name) panel.querySelector(`[name="${CSS.escape(name)}"]`)?.focus();
    }
    if (area.value !== answer.definition && !area.readOnly) {
      before.push([area.value, node]);
      if (before.length > MOST_UNDONE) before.shift();
      undo.disabled = false;
      area.value = answer.definition;
      area.dispatchEvent(new Event("input"));
    }
    graph.innerHTML = answer.graph;
    tell([...answer.problems.filter((problem) => problem.node === node && node), ...answer.refused]);
  };

  // While the server cannot be reached it is asked again: what was done in the form is not dropped.
  const post = async (body) => {
    const note = Object.assign(document.createElement("p"), { className: "nx-live-note", textContent: "The server cannot be reached. What you did waits for it." });
    note.setAttribute("role", "status");
    for (;;) {
      const response = await fetch(panel.dataset.edit, { method: "POST", body }).catch(() => null);
      if (response && ![502, 503, 504].includes(response.status)) {
        note.remove();
        return response;
      }
      if (!note.isConnected) panel.before(note);
      await new Promise((done) => { setTimeout(done, AGAIN_MS); });
    }
  };

  const ask = async (what, more, mine) => {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    body.append("definition", area.value);
    body.append("do", what);
    body.append("node", node);
    for (const [name, value] of new FormData(area.form)) if (FIELDS.test(name)) body.append(name, value);
    for (const [name, value] of Object.entries(more)) body.set(name, value);
    const response = await post(body);
    const answer = await response.json().catch(() => ({ refused: "The server did not answer." }));
    if (mine !== newest) { // the next question waits for this answer's text, not for its form
      if (response.ok) area.value = answer.definition;
    } else if (response.ok) show(answer, what === "rename" || (["open", "add"].includes(what) && more.node !== undefined));
    else {
      panel.replaceChildren();
      const said = document.createElement("p");
      said.className = "nx-error";
      said.setAttribute("role", "alert");
      said.textContent = answer.refused;
      panel.append(said);
    }
  };

  const send = (what, more = {}) => {
    const mine = ++newest;
    const former = pending;
    pending = (async () => { await former; await ask(what, more, mine); if (mine === newest) pending = null; })();
    return pending;
  };

  const open = (id) => {
    if (isShown()) send("open", { node: id });
    else { node = id; choose("steps"); }
    panel.scrollIntoView({ block: "nearest" });
  };

  const linked = (event) => {
    const link = event.target.closest?.('a[href^="#node-"]');
    if (!link) return;
    event.preventDefault();
    open(link.getAttribute("href").slice(6));
  };
  graph.addEventListener("click", linked);
  panel.addEventListener("click", (event) => {
    linked(event);
    const what = event.target.closest?.("[data-do]")?.dataset.do;
    const value = (name) => panel.querySelector(`[name="new-${name}"]`).value;
    if (what === "close") send("open", { node: "" });
    else if (what === "remove") send("remove");
    else if (what === "rename") send("rename", { to: value("id") });
    else if (what === "add") send("add", { node: "", type: value("type"), title: value("title"), place: value("place") });
  });
  panel.addEventListener("change", (event) => {
    const name = event.target.name ?? event.target.dataset.rows ?? "";
    if (FIELDS.test(name) && !area.readOnly) send("apply", { keep: name.startsWith("way-") ? "0" : "1" });
  });
  panel.addEventListener("keydown", (event) => { // Enter in a field is no wish to save the whole workflow
    if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      if (event.target.name === "new-id") panel.querySelector('[data-do="rename"]').click();
      else event.target.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  document.getElementById("nx-problems").addEventListener("click", (event) => {
    const about = event.target.closest("button")?.dataset.node;
    if (isShown() && about) open(about);
    else choose("json");
  }, true);
  area.form.addEventListener("submit", async (event) => {
    if (!pending) return;
    event.preventDefault();
    const by = event.submitter;
    while (pending) await pending;
    area.form.requestSubmit(by);
  });
  tabs.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tab]");
    if (tab) choose(tab.dataset.tab);
  });
  tabs.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    choose(isShown() ? "json" : "steps");
    tabs.querySelector('[aria-selected="true"]').focus();
  });

  undo.addEventListener("click", async () => {
    while (pending) await pending; // what is under way is the last change
    const [text, at] = before.pop() ?? [];
    undo.disabled = !before.length;
    if (text === undefined) return;
    area.value = text;
    area.dispatchEvent(new Event("input"));
    if (isShown()) send("open", { node: at });
  });

  editor.before(bar, panel);
  bar.hidden = false;
  undo.hidden = area.readOnly;
  choose(area.form.querySelector(".errorlist") ? "json" : "steps");
}

if (area && panel) start();
