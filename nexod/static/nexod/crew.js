// The tasks of a crew: whose results a task may read is ticked among the tasks before it, instead of typed.

const FIELD = "input[data-context-slugs]";
const shown = new WeakMap(); // what each box of choices was drawn of

function tasks() {
  return [...document.querySelectorAll(FIELD)]
    .filter((input) => !input.name.includes("__prefix__"))
    .map((input) => ({ input, slug: document.getElementsByName(input.name.replace("context_slugs", "slug"))[0] }));
}

function draw() {
  const all = tasks();
  all.forEach(({ input }, place) => choices(input, all.slice(0, place).map(({ slug }) => slug.value.trim()).filter(Boolean)));
}

function choices(input, before) {
  const box = input.closest("[data-field]").querySelector(".nx-context");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "May read the results of");
  input.type = "hidden";
  const chosen = input.value.split(/[\s,]+/).filter((slug) => before.includes(slug));
  const said = JSON.stringify([before, chosen]);
  if (shown.get(box) === said) return;
  shown.set(box, said);
  box.replaceChildren(...before.map((slug) => choice(input, slug, chosen.includes(slug))));
  if (!before.length) box.append("Nothing: it is the first task.");
}

function choice(input, slug, checked) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = checked;
  box.addEventListener("change", () => {
    const rest = input.value.split(/[\s,]+/).filter((other) => other && other !== slug);
    input.value = [...rest, ...(box.checked ? [slug] : [])].join(", ");
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  label.append(box, slug);
  return label;
}

if (document.querySelector(FIELD)) {
  for (const event of ["input", "change", "rows:added", "nexod:settings-shown"]) document.addEventListener(event, draw);
  draw();
}
