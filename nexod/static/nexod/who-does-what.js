// What a crew will do, drawn from its form while somebody fills it in: who does which task, beside what, read by whom, held to what.

const LIST = "[data-who-does-what]";

function tasks() {
  const named = (name) => (field) => document.getElementsByName(name.replace("slug", field))[0];
  return [...document.querySelectorAll("input[name^='tasks-'][name$='-slug']")]
    .map((slug) => ({ slug: slug.value.trim(), field: named(slug.name) }));
}

function agent(field, manager) {
  const select = field("agent");
  const name = select?.value ? select.selectedOptions[0].textContent.trim() : "";
  if (!manager) return name || "Nobody yet";
  return name ? `${manager} hands it to ${name}` : `${manager} hands it to whom fits`;
}

function guardrails(field) {
  try {
    return JSON.parse(field("guardrails")?.value || "[]").length;
  } catch {
    return 0;
  }
}

function notes({ field }, wasBeside) {
  const found = [];
  const reads = field("context_slugs")?.value.trim();
  if (reads) found.push(`reads ${reads}`);
  if (field("async_execution")?.checked) found.push("beside the next");
  else if (wasBeside) found.push("waits for those beside each other");
  if (field("allow_delegation")?.checked) found.push("may hand out work");
  const rules = guardrails(field);
  if (rules) found.push(`${rules} guardrail${rules === 1 ? "" : "s"}, tried again ${field("max_retries")?.value || 2} times`);
  if (field("human_input")?.checked) found.push("a person decides");
  return found.join(" · ");
}

function line(number, title, text) {
  const item = document.createElement("li");
  const main = document.createElement("span");
  main.className = "nx-main";
  const strong = document.createElement("strong");
  strong.textContent = `${number}. ${title}`;
  const about = document.createElement("span");
  about.className = "nx-muted nx-small-text";
  about.textContent = text;
  main.append(strong, about);
  item.append(main);
  return item;
}

function draw(list) {
  const process = document.getElementsByName("process")[0]?.value;
  const chosen = document.getElementsByName("manager")[0]?.selectedOptions?.[0];
  const manager = process === "hierarchical" ? (chosen?.value ? chosen.textContent.trim() : "The manager") : "";
  const lines = document.getElementsByName("planning")[0]?.checked ? [["Plan", "one call that plans all the tasks"]] : [];
  let beside = false;
  for (const task of tasks()) {
    const text = [agent(task.field, manager), notes(task, beside)].filter(Boolean).join(" · ");
    lines.push([task.slug || "a task without a name yet", text]);
    beside = Boolean(task.field("async_execution")?.checked);
  }
  const said = JSON.stringify(lines);
  if (list.dataset.said === said) return;
  list.dataset.said = said;
  list.replaceChildren(...lines.map(([title, text], index) => line(index + 1, title, text)));
}

const list = document.querySelector(LIST);
if (list) {
  const again = () => setTimeout(() => draw(list), 0);
  for (const event of ["input", "change", "click", "rows:added", "nexod:settings-shown"]) document.addEventListener(event, again);
  draw(list);
}
