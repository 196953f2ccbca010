// Cancel, pause, resume: asked once more where it is final, shown as under way, and told when it is refused.
import { refused, trouble } from "./trouble.js";

const dialog = document.getElementById("nx-ask");

/** Let the forms of the page act without leaving it. */
export function watchActs({ refresh, begin }) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-act]")) return;
    event.preventDefault();
    if (form.dataset.sure && !(await confirmed(form.dataset))) return;
    const rest = busy(form);
    const sent = await send(form);
    rest();
    if (sent) await refresh();
    if (sent && document.getElementById("nx-wire").dataset.state === "over") begin();
  });
}

async function send(form) {
  const options = { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } };
  const response = await fetch(form.action, options).catch(() => null);
  if (response?.redirected) return refused(401);
  if (response?.ok) return true;
  const said = response && (response.headers.get("Content-Type") ?? "").includes("json") ? (await response.json()).said : "";
  trouble("act", said || (response ? "That was refused." : "That did not get through. Try again."));
  return !!response; // what was refused may be so because the page is old
}

function busy(form) {
  const button = form.querySelector("button");
  const word = form.querySelector("[data-word]");
  const before = word.textContent;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  word.textContent = `${form.dataset.busy}…`;
  return () => {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    word.textContent = before;
  };
}

function confirmed({ sure, sureAbout, sureYes, sureNo }) {
  for (const [id, text] of Object.entries({ title: sure, about: sureAbout, yes: sureYes, no: sureNo })) document.getElementById(`nx-ask-${id}`).textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
