// The tasks of a crew: whose results a task may read is ticked among the tasks before it, instead of typed.

const FIELD = "input[data-context-slugs]";

function tasks() {
  return [...document.querySelectorAll(FIELD)]
    .filter((input) => !input.name.includes("__prefix__"))
    .map((input) => {
      const [slug, order] = ["slug", "order"].map(
        (field) => document.getElementsByName(input.name.replace("context_slugs", field))[0],
      );
      return { input, slug, order };
    });
}

function draw() {
  const all = tasks();
  const place = (task, index) => (task.order?.value === "" ? 1e4 + index : Number(task.order?.value ?? index));
  const sorted = all.map((task, index) => ({ task, at: place(task, index), index })).sort((a, b) => a.at - b.at || a.index - b.index);
  sorted.forEach(({ task }, position) => {
    const before = sorted.slice(0, position).map(({ task: other }) => other.slug?.value.trim()).filter(Boolean);
    choices(task.input, before);
  });
}

function choices(input, before) {
  let box = input.nextElementSibling?.classList.contains("nx-context") ? input.nextElementSibling : null;
  if (!box) {
    box = document.createElement("div");
    box.className = "nx-context";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "May read the results of");
    input.after(box);
    input.type = "hidden";
  }
  const chosen = input.value.split(/[\s,]+/).filter((slug) => before.includes(slug));
  const said = JSON.stringify([before, chosen]);
  if (box.dataset.said === said) return;
  box.dataset.said = said;
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
  document.addEventListener("input", draw);
  document.addEventListener("formset:added", () => setTimeout(draw, 0));
  document.addEventListener("formset:removed", draw);
  draw();
}
