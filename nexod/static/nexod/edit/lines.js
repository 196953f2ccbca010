// Line numbers beside a text of JSON, and where in it a problem is.

/** Which line a problem is about, -1 when none. */
export function lineOf({ node, field = "", text = "" }, lines) {
  const asked = /line (\d+)/.exec(text);
  if (asked) return Number(asked[1]) - 1;
  if (!node) return lines.findIndex((line) => line.includes(`"${(field || "").split(".")[0]}"`));
  const start = lines.findIndex((line) => line.includes(`"id": "${node}"`));
  const last = (field || "").split(".").pop();
  const inside = lines.findIndex((line, number) => number > start && line.includes(`"${last}"`));
  const next = lines.findIndex((line, number) => number > start && /"id":/.test(line));
  return inside > start && (next < 0 || inside < next) ? inside : start;
}

/** Put numbers beside the text area; returns `number(marked)`, to be called when it changes, and `go(line)`. */
export function numbered(area) {
  const frame = document.createElement("div");
  frame.className = "nx-editor";
  const gutter = document.createElement("pre");
  gutter.className = "nx-gutter nx-code";
  gutter.setAttribute("aria-hidden", "true");
  gutter.style.height = "0";
  area.replaceWith(frame);
  frame.append(gutter, area);
  let marked = new Set();
  const number = (lines = marked) => {
    marked = lines;
    const count = area.value.split("\n").length;
    gutter.replaceChildren(...Array.from({ length: count }, (_, line) => {
      const text = `${line + 1}${line + 1 < count ? "\n" : ""}`;
      if (!marked.has(line)) return document.createTextNode(text);
      const item = document.createElement("b");
      item.textContent = text;
      return item;
    }));
    gutter.style.height = `${area.offsetHeight}px`;
    gutter.scrollTop = area.scrollTop;
  };
  const go = (line) => {
    const lines = area.value.split("\n");
    const from = lines.slice(0, line).join("\n").length + (line ? 1 : 0);
    area.focus();
    area.setSelectionRange(from, from + lines[line].length);
    area.scrollTop = Math.max(0, (line - 6) * Number.parseFloat(getComputedStyle(area).lineHeight));
  };
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  let leaving = false; // Escape, then Tab, leaves the field by keyboard
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaving = true;
    else if (event.key === "Tab" && !event.shiftKey && !leaving) {
      event.preventDefault();
      document.execCommand("insertText", false, "  ");
    } else if (event.key !== "Shift") leaving = false;
  });
  new ResizeObserver(() => number()).observe(area);
  return { frame, number, go };
}
