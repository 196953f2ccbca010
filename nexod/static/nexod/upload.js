// Dropping files onto a knowledge base: each file is sent on its own and gets an answer of its own.
import { refresh } from "./fresh.js";

const form = document.getElementById("nx-upload");
const results = document.getElementById("nx-uploads");
const list = document.getElementById("nx-documents");
const AT_ONCE = 2;
const SIGNS = { added: ["check_circle", "nx-good"], known: ["info", "nx-quiet"], refused: ["error", "nx-bad"], sending: ["progress_activity", "nx-busy nx-spin"] };

function line(name) {
  const item = document.createElement("li");
  const icon = document.createElement("span");
  icon.setAttribute("aria-hidden", "true");
  const text = document.createElement("span");
  item.append(icon, text);
  results.append(item);
  return (state, message) => {
    icon.className = `material-symbols-outlined ${SIGNS[state][1]}`;
    icon.textContent = SIGNS[state][0];
    text.textContent = `${name}: ${message}`;
  };
}

async function send(file, say) {
  say("sending", "is being sent…");
  const body = new FormData(form); // with what the form says of them all
  body.set("files", file);
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!response.ok) return say("refused", response.status === 413 ? "is too large." : `was refused (${response.status}).`);
    const [result] = (await response.json()).results;
    say(result.result, result.message);
  } catch {
    say("refused", "could not be sent; try again.");
  }
}

async function sendAll(files) {
  const waiting = [...files].map((file) => [file, line(file.name)]);
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await send(...next);
      list.dataset.busy = "1";
      await refresh(list).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

if (form) {
  const input = form.querySelector("input[type=file]");
  input.hasChangeListener = true; // unfold would write the file's name into the page's first text field
  form.querySelector("[type=submit]").classList.add("nx-hidden");
  const sendChosen = () => sendAll(input.files).then(() => { input.value = ""; });
  input.addEventListener("change", sendChosen);
  if (input.files.length) sendChosen(); // chosen before this was loaded
  for (const name of ["dragover", "dragenter"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("nx-over");
    });
  }
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("nx-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    sendAll(event.dataTransfer.files);
  });
}
