// Rows that a person has added and that the document does not have yet: blank or half filled in, they are only on this page.

/** Say whether nothing stands in a row; what is chosen from a list in which something is always chosen does not count. */
export const isBlank = (row) => ![...row.querySelectorAll("input, textarea")].some((field) => (field.type === "checkbox" ? field.checked : field.value.trim()));

/** Say whether a row is only on this page. */
export const isOwn = (row) => Object.hasOwn(row.dataset, "own");

/** Mark the rows that are added in `panel` as its own, so that no fresh form takes them away, until they are `taken`. */
export function ownRows(panel) {
  const all = () => [...panel.querySelectorAll("[data-row][data-own]")];
  panel.addEventListener("rows:added", ({ target }) => { target.dataset.own = ""; });
  return {
    /** Those of which the server is told something. */
    filled: () => all().filter((row) => !isBlank(row)),
    /** The document has `rows` by now, but not those in fields that were `refused`. */
    taken(rows, refused) {
      const named = refused.map(({ field }) => `${field.replaceAll(".", "-")}-`);
      for (const row of rows) if (!named.some((name) => row.dataset.row.startsWith(name))) delete row.dataset.own;
    },
    /** Nothing is to come of them: the next fresh form goes without them. */
    drop() { for (const row of all()) delete row.dataset.own; },
    /** Give those another number whose number a fresh form gave to a row of somebody else, or whose list is called otherwise now. */
    number() {
      for (const row of all()) {
        const others = [...row.parentElement.querySelectorAll(":scope > [data-row]")].filter((one) => one !== row).map((one) => one.dataset.row);
        const name = row.closest("[data-rows]").dataset.rows;
        const numbers = others.map((one) => Number(one.split("-").pop()));
        if (others.includes(row.dataset.row) || !row.dataset.row.startsWith(`${name}-`)) rename(row, row.dataset.row, `${name}-${Math.max(-1, ...numbers) + 1}`);
      }
    },
  };
}

function rename(root, from, to) {
  const renamed = (value) => {
    const lead = value.startsWith("id_") ? "id_" : "";
    const rest = value.slice(lead.length);
    return rest === from || rest.startsWith(`${from}-`) ? `${lead}${to}${rest.slice(from.length)}` : value;
  };
  for (const element of [root, ...root.querySelectorAll("*")]) {
    for (const { name, value } of [...element.attributes]) if (renamed(value) !== value) element.setAttribute(name, renamed(value));
    if (element.localName === "template") element.innerHTML = element.innerHTML.replaceAll(`${from}-`, `${to}-`);
  }
}
