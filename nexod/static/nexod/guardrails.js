// The guardrails of a task: each as a small form instead of JSON. The text area stays the truth, and what works without scripts.

const AREA = "textarea[data-guardrails]";
const KINDS = {
  words: {
    title: "Length and words",
    fields: [
      ["min_words", "At least … words", "number"],
      ["max_words", "At most … words", "number"],
      ["must", "Must say (with commas between)", "texts"],
      ["must_not", "Must not say (with commas between)", "texts"],
    ],
  },
  cel: { title: "A rule (CEL)", fields: [["expression", "Holds for the result, such as result.words < 200", "text"]] },
  schema: { title: "JSON of a form", fields: [["schema", "JSON Schema", "json"]] },
  model: { title: "A model judges", fields: [["rubric", "What the result must be like", "long"]] },
};
let number = 0;
const boxOf = (area) => area.closest("[data-field]").querySelector(".nx-guardrails");
const drawn = new WeakMap(); // what each box of forms was drawn of

function read(area) {
  try {
    const found = JSON.parse(area.value || "[]");
    return Array.isArray(found) && found.every((each) => each && each.kind in KINDS) ? found : null;
  } catch {
    return null;
  }
}

function write(area, guardrails) {
  area.value = guardrails.length ? JSON.stringify(guardrails, null, 2) : "";
  drawn.set(boxOf(area), area.value);
  for (const event of ["input", "change"]) area.dispatchEvent(new Event(event, { bubbles: true }));
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function button(text, icon, act) {
  const made = element("button", { type: "button", className: "nx-button nx-small" });
  const picture = element("span", { className: "material-symbols-outlined", textContent: icon });
  picture.setAttribute("aria-hidden", "true");
  made.append(picture, text);
  made.addEventListener("click", act);
  return made;
}

function shown(value, type) {
  if (value === undefined) return "";
  if (type === "texts") return value.join(", ");
  return type === "json" ? JSON.stringify(value, null, 2) : String(value);
}

function given(text, type) {
  if (!text.trim()) return undefined;
  if (type === "number") return Number(text);
  if (type === "texts") return text.split(",").map((each) => each.trim()).filter(Boolean);
  if (type !== "json") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function field(area, guardrails, guardrail, [name, label, type]) {
  const id = `nx-guardrail-${(number += 1)}`;
  const tall = type === "long" || type === "json";
  const input = element(tall ? "textarea" : "input", { id, className: "nx-input", value: shown(guardrail[name], type) });
  if (type === "number") Object.assign(input, { type: "number", min: 0 });
  if (tall) input.rows = 3;
  input.addEventListener("change", () => {
    const value = given(input.value, type);
    if (value === undefined) delete guardrail[name];
    else guardrail[name] = value;
    write(area, guardrails);
  });
  return element("div", { className: "nx-field" }, element("label", { htmlFor: id, textContent: label }), input);
}

function card(area, guardrails, guardrail, index) {
  const kind = KINDS[guardrail.kind];
  const remove = button("Remove", "close", () => {
    guardrails.splice(index, 1);
    write(area, guardrails);
    draw(area);
  });
  const fields = [...kind.fields, ["message", "What the agent is told instead of our words", "text"]];
  const box = element("fieldset", { className: "nx-guardrail" }, element("legend", { textContent: kind.title }));
  box.append(...fields.map((each) => field(area, guardrails, guardrail, each)), remove);
  return box;
}

function draw(area) {
  const guardrails = read(area);
  if (guardrails === null) return; // what somebody wrote by hand and is not right yet
  const box = boxOf(area);
  area.hidden = true;
  drawn.set(box, area.value);
  const add = Object.entries(KINDS).map(([kind, { title }]) =>
    button(title, "add", () => {
      const all = read(area) ?? [];
      write(area, [...all, kind === "schema" ? { kind, schema: { type: "object" } } : { kind }]);
      draw(area);
      box.querySelector("fieldset:last-of-type :is(input, textarea)")?.focus();
    }),
  );
  const row = element("div", { className: "nx-row" }, ...add);
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "Add a guardrail");
  box.replaceChildren(...guardrails.map((each, index) => card(area, guardrails, each, index)), row);
}

function all() {
  for (const area of document.querySelectorAll(AREA)) {
    area.hidden = read(area) !== null;
    if (drawn.get(boxOf(area)) !== area.value) draw(area);
  }
}

if (document.querySelector(AREA)) {
  for (const event of ["rows:added", "nexod:settings-shown"]) document.addEventListener(event, all);
  all();
}
