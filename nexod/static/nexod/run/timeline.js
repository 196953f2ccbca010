// The timeline: the newest line first. It shows a bounded number of lines, and earlier ones when somebody asks for them.
const SHOWN = 300;
const list = document.getElementById("nx-timeline");
const foot = document.getElementById("nx-earlier");
let grown = false; // somebody has asked for earlier lines: they stay

/** Put new lines on top; after a gap they take the place of all that was there. */
export function renew({ lines, gap, earlier, earliest }) {
  if (!lines.trim()) return;
  if (gap) {
    list.replaceChildren();
    reach(earlier, earliest);
  }
  const newest = Number(list.firstElementChild?.dataset.seq ?? 0);
  list.insertAdjacentHTML("afterbegin", lines);
  for (const line of list.children) {
    if (Number(line.dataset.seq) <= newest) break;
    line.classList.add("nx-fresh");
  }
  if (grown || list.children.length <= SHOWN) return;
  while (list.children.length > SHOWN) list.lastElementChild.remove();
  const last = Number(list.lastElementChild.dataset.seq);
  reach(last - 1, last);
}

/** Let the link below the lines fetch earlier ones. */
export function watchTimeline(address) {
  foot.addEventListener("click", async (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    const response = await fetch(`${address}?before=${foot.dataset.before}`, { headers: { Accept: "application/json" } }).catch(() => null);
    link.removeAttribute("aria-busy");
    if (!response?.ok || response.redirected) return;
    const now = await response.json();
    const had = list.lastElementChild;
    list.insertAdjacentHTML("beforeend", now.lines);
    grown = true;
    reach(now.earlier, now.earliest);
    if (foot.hidden) (had?.nextElementSibling ?? list).setAttribute("tabindex", "-1"), had?.nextElementSibling?.focus();
  });
}

function reach(earlier, before) {
  foot.hidden = earlier <= 0;
  foot.dataset.before = before;
  const link = foot.querySelector("a");
  link.textContent = `${earlier} earlier event${earlier === 1 ? "" : "s"}`;
  link.href = `?before=${before}#nx-h-time`;
}
