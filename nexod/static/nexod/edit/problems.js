// What the server finds wrong with the shared definition: a list, a chip, and at the fields of the node in hand.

/** Which of the places that a form has for complaints is meant by a problem's field. */
export function placeIn(field, places) {
  const wanted = field.replace(/^(step|retry)\./, "").replace(/^edges.*/, "edges");
  const found = places.filter((at) => at && (wanted === at || wanted.startsWith(`${at}.`)));
  return found.sort((a, b) => b.length - a.length)[0] ?? "";
}

/** Show each problem, `{field, said}`, where it belongs in the form. */
export function tell(panel, problems) {
  panel.dispatchEvent(new Event("rows:place", { bubbles: true }));
  const lists = new Map([...panel.querySelectorAll("ul[data-at]")].map((list) => [list.dataset.at, list]));
  const said = new Map([...lists].map(([at]) => [at, []]));
  for (const { field, said: text } of problems) said.get(placeIn(field ?? "", [...lists.keys()]))?.push(text);
  for (const [at, list] of lists) {
    const texts = said.get(at);
    if (JSON.stringify(texts) === JSON.stringify([...list.children].map((item) => item.textContent))) continue;
    list.replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }
}

function line({ node, message }, titles) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.node = node ?? "";
  const icon = document.createElement("span");
  icon.className = "material-symbols-outlined";
  icon.setAttribute("aria-hidden", "true");
  icon.textContent = "error";
  button.append(icon, document.createTextNode(node ? `${titles.get(node) ?? node}: ${message}` : message));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** Show all problems in `list` and how many in `chip`; undefined when the server has not said anything yet. */
export function showProblems(list, chip, problems, titles) {
  const said = JSON.stringify([problems, problems?.map(({ node }) => titles.get(node))]);
  if (list.dataset.said === said) return;
  list.dataset.said = said;
  const count = problems?.length ?? 0;
  list.replaceChildren(...(problems ?? []).map((problem) => line(problem, titles)));
  chip.className = `nx-chip ${problems ? (count ? "nx-bad" : "nx-good") : "nx-quiet"}`;
  chip.textContent = problems ? (count ? `${count} problem${count > 1 ? "s" : ""}` : "Can run") : "Not checked yet";
}
