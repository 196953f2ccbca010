// The form of an agent: tools are added and taken away as rows; the server makes the rows.
const RULES = { condition: ["when"], per: ["first"], policy: ["always", "when", "first"] };

/** Shows of a tool's rule what its way of asking knows. */
function showRule(row) {
  const ask = row.querySelector("[data-ask]")?.value;
  for (const part of row.querySelectorAll("[data-rule]")) part.hidden = !RULES[part.dataset.rule].includes(ask);
}

for (const tools of document.querySelectorAll("[data-tools]")) {
  const rows = tools.querySelector("[data-rows]");
  const count = tools.querySelector("[data-count]");

  tools.querySelector("[data-add]").addEventListener("click", () => {
    const name = tools.querySelector("[data-new]").value;
    const blank = [...tools.querySelectorAll("[data-blank]")].find((one) => one.dataset.blank === name);
    const row = document.createElement("template");
    row.innerHTML = blank.innerHTML.replaceAll("__place__", count.value);
    count.value = Number(count.value) + 1;
    rows.append(row.content);
    showRule(rows.lastElementChild);
    rows.lastElementChild.querySelector("select, input:not([type=hidden]), textarea")?.focus();
  });

  const showRules = () => { for (const row of rows.children) showRule(row); };
  showRules();
  document.addEventListener("nexod:settings-shown", showRules);
  tools.addEventListener("change", (event) => {
    if (event.target.matches("[data-ask]")) showRule(event.target.closest("[data-tool-row]"));
  });

  tools.addEventListener("click", (event) => {
    const row = event.target.closest("[data-remove]")?.closest("[data-tool-row]");
    if (!row) return;
    row.querySelector("[data-gone]").value = "1";
    row.hidden = true;
    tools.querySelector("[data-new]").focus();
  });
}
