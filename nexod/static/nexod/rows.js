// Rows of lists and maps in forms: added, removed, moved. The server reads them in the order of the page, whatever their numbers.
(() => {
  const rowsOf = (list) => [...list.querySelectorAll(":scope > [data-row]")];
  const listOf = (rows) => rows.querySelector(":scope > [data-list]");
  const beside = (row, by) => { // a row without scripts stands among them, unseen
    const all = rowsOf(row.parentElement);
    return all[all.indexOf(row) + by];
  };
  const firstControl = (row) => row.querySelector("input:not([type=hidden]), select, textarea");

  const add = (rows) => {
    const blank = rows.querySelector(":scope > template[data-blank]");
    const list = listOf(rows);
    const used = rowsOf(list).map((row) => Number(row.dataset.row.split("-").pop()));
    const number = Math.max(-1, Number(rows.dataset.last ?? -1), ...used) + 1;
    rows.dataset.last = number; // a number is never given twice, so that nothing of a removed row comes back
    list.insertAdjacentHTML("beforeend", blank.innerHTML.replaceAll(blank.dataset.blank, number));
    const row = rowsOf(list).at(-1);
    row.dispatchEvent(new Event("rows:added", { bubbles: true }));
    firstControl(row)?.focus();
  };

  const remove = (rows, row) => {
    const next = beside(row, 1) ?? beside(row, -1);
    row.remove();
    (next ? firstControl(next) : rows.querySelector(':scope > .nx-row-tools [data-row-do="add"]'))?.focus();
  };

  const move = (row, by, focused) => {
    const other = beside(row, by);
    if (!other) return false;
    if (by < 0) other.before(row); else other.after(row);
    focused?.focus();
    return true;
  };

  const isBlank = (row) => ![...row.querySelectorAll("input, textarea")].some((field) => field.type === "checkbox" ? field.checked : field.value.trim());

  // Where the problems of each row are shown: config.cases.1, config.headers.Accept.
  const place = (root) => {
    for (const rows of root.querySelectorAll("[data-rows]")) {
      const outer = rows.closest("[data-row]");
      const own = outer ? rows.dataset.rows.slice(outer.dataset.row.length) : rows.dataset.rows;
      const at = (outer?.dataset.at ?? "") + own.replace("-@value", "").replaceAll("-", ".");
      for (const errors of listOf(rows).querySelectorAll(":scope > [data-row] > .nx-errors")) delete errors.dataset.at;
      rowsOf(listOf(rows)).filter((row) => !isBlank(row) && row.dataset.own === undefined).forEach((row, number) => {
        const key = row.querySelector('[name$="-@key"]')?.value;
        row.dataset.at = `${at}.${rows.hasAttribute("data-keyed") ? key : number}`;
        const errors = row.querySelector(":scope > .nx-errors");
        if (errors) errors.dataset.at = row.dataset.at;
      });
    }
  };

  const changed = (rows) => rows.dispatchEvent(new Event("change", { bubbles: true }));

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-row-do]");
    const rows = button?.closest("[data-rows]");
    if (!rows) return;
    const row = button.closest("[data-row]");
    const what = button.dataset.rowDo;
    if (what === "add") return add(rows);
    if (what === "remove") remove(rows, row);
    else if (!move(row, what === "up" ? -1 : 1, button)) return;
    changed(rows);
  });
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const row = event.target.closest?.("[data-row]");
    if (!row || event.target.matches("select")) return;
    event.preventDefault();
    if (move(row, event.key === "ArrowUp" ? -1 : 1, event.target)) changed(row.closest("[data-rows]"));
  });
  document.addEventListener("rows:place", (event) => place(event.target));
})();
