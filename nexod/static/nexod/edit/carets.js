// Carets and marked text of others, and words that have comments, over a text field: a mirror of it lies above, of which only their marks are seen.

const LOOK = ["fontFamily", "fontSize", "fontWeight", "fontStyle", "letterSpacing", "lineHeight", "textIndent", "tabSize",
  "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth", "borderRightWidth", "borderBottomWidth",
  "borderLeftWidth", "textAlign", "wordSpacing"];

const mirrors = new WeakMap();

function mirrorOf(element) {
  if (mirrors.has(element)) {
    if (!mirrors.get(element).frame.isConnected) element.after(mirrors.get(element).frame); // the form was made anew around it
    return mirrors.get(element);
  }
  const frame = document.createElement("div");
  frame.className = "nx-carets";
  frame.setAttribute("aria-hidden", "true");
  frame.dataset.keep = "";
  const page = document.createElement("div");
  frame.append(page);
  element.after(frame);
  const scroll = () => { page.style.transform = `translate(${-element.scrollLeft}px, ${-element.scrollTop}px)`; };
  element.addEventListener("scroll", scroll);
  new ResizeObserver(() => fit(element, frame, page)).observe(element);
  mirrors.set(element, { frame, page, scroll });
  return mirrors.get(element);
}

function fit(element, frame, page) {
  const look = getComputedStyle(element);
  for (const name of LOOK) page.style[name] = look[name];
  const isArea = element.tagName === "TEXTAREA";
  page.style.whiteSpace = isArea && look.whiteSpace !== "pre" ? "pre-wrap" : "pre";
  const edges = Number.parseFloat(look.borderLeftWidth) + Number.parseFloat(look.borderRightWidth);
  page.style.width = isArea ? `${element.clientWidth + edges}px` : "max-content";
  if (!isArea) page.style.lineHeight = `${element.clientHeight - Number.parseFloat(look.paddingTop) - Number.parseFloat(look.paddingBottom)}px`;
  Object.assign(frame.style, {
    left: `${element.offsetLeft}px`, top: `${element.offsetTop}px`, width: `${element.offsetWidth}px`, height: `${element.offsetHeight}px`,
  });
}

function caret({ name, colour }, isHigh) {
  const mark = document.createElement("i");
  mark.className = isHigh ? "nx-caret nx-below" : "nx-caret";
  mark.style.setProperty("--nx-who", colour);
  mark.dataset.name = name;
  return mark;
}

function marked({ colour }, text) {
  const mark = document.createElement("mark");
  mark.style.setProperty("--nx-who", colour);
  mark.textContent = text;
  return mark;
}

function remarked(list, part) {
  const mark = document.createElement("span");
  mark.className = list.some(({ isNow }) => isNow) ? "nx-remark nx-remark-now" : "nx-remark";
  mark.dataset.thread = list[0].id;
  mark.append(part);
  return mark;
}

/** Show where `people` are in the field, `[{name, colour, from, to, head}]` in places of its text, and what `remarks` are about, `[{id, from, to}]`. */
export function showCarets(element, people, remarks = []) {
  const isEmpty = !people.length && !remarks.length;
  if (isEmpty && !mirrors.has(element)) return;
  const { frame, page, scroll } = mirrorOf(element);
  frame.hidden = isEmpty;
  if (isEmpty) return page.replaceChildren();
  fit(element, frame, page);
  const text = element.value;
  const firstLine = text.indexOf("\n") < 0 ? text.length : text.indexOf("\n");
  const cuts = [...new Set([0, text.length, ...[...people, ...remarks].flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  const parts = [];
  cuts.forEach((cut, n) => {
    for (const person of people) if (person.head === cut) parts.push(caret(person, cut <= Math.min(firstLine, 60)));
    const end = cuts[n + 1];
    if (end === undefined) return;
    const over = people.find(({ from, to }) => from <= cut && end <= to && from < to);
    const part = over ? marked(over, text.slice(cut, end)) : document.createTextNode(text.slice(cut, end));
    const about = remarks.filter(({ from, to }) => from <= cut && end <= to);
    parts.push(about.length ? remarked(about, part) : part);
  });
  page.replaceChildren(...parts);
  scroll();
}
