// Small comforts on every page: times that stay true, buttons that copy, forms that ask before they do something final.
(() => {
  const UNITS = [[86400, "day"], [3600, "h"], [60, "min"]];

  function distance(moment) {
    const seconds = (Date.now() - moment) / 1000;
    const far = Math.abs(seconds);
    if (far < 45) return "just now";
    if (far > 30 * 86400) return null;
    const [length, unit] = UNITS.find(([size]) => far >= size) ?? UNITS[2];
    const whole = Math.max(1, Math.round(far / length));
    const words = `${whole} ${unit}${unit === "day" && whole > 1 ? "s" : ""}`;
    return seconds > 0 ? `${words} ago` : `in ${words}`;
  }

  function refreshTimes() {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const words = distance(Date.parse(time.dateTime));
      if (words && time.textContent !== words) time.textContent = words;
    }
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const said = button.querySelector("[data-said]");
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(source.textContent.trim());
      said.textContent = "Copied";
    } else { // no clipboard without https
      getSelection().selectAllChildren(source);
      said.textContent = "Press Ctrl C";
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset?.confirm && !window.confirm(form.dataset.confirm)) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches?.("[role=button][tabindex]")) {
      event.preventDefault();
      event.target.click();
    }
  });

  // What unfold makes clickable with a pointer only can be reached by the keyboard too.
  document.addEventListener("DOMContentLoaded", () => {
    for (const link of document.querySelectorAll("a:not([href])")) {
      if (![...link.attributes].some(({ name }) => name.startsWith("x-on:click"))) continue;
      link.setAttribute("role", "button");
      link.setAttribute("tabindex", "0");
    }
  });

  setInterval(refreshTimes, 20000);
})();
