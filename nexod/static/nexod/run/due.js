// Times that something waits for: <time data-due>, with how long it still is.
let timer = 0;

/** Show how long it is until each of them, and go on showing it while there are any and somebody looks. */
export function countDown() {
  clearTimeout(timer);
  const times = [...document.querySelectorAll("time[data-due]")];
  times.forEach(tell);
  if (times.length && !document.hidden) timer = setTimeout(countDown, 1000);
}

document.addEventListener("visibilitychange", () => document.hidden || countDown());

function tell(time) {
  const said = time.querySelector("span") ?? time.appendChild(document.createElement("span"));
  const words = ` (${distance((Date.parse(time.dateTime) - Date.now()) / 1000)})`;
  if (said.textContent !== words) said.textContent = words;
}

function distance(seconds) {
  if (seconds < 1) return "any moment";
  const [days, hours, minutes] = [86400, 3600, 60].map((size, index, sizes) => Math.floor((index ? seconds % sizes[index - 1] : seconds) / size));
  if (days) return `in ${days} d ${hours} h`;
  if (hours) return `in ${hours} h ${minutes} min`;
  return minutes ? `in ${minutes} min ${Math.floor(seconds % 60)} s` : `in ${Math.floor(seconds)} s`;
}
