// What the page says about the wire: connecting, saved, kept here, read-only, shown out. And that nobody leaves with work unsaved.

const OUT = {
  4400: "The server could not read what this page sent. Load the page again.",
  4401: "You are signed out. Sign in again to go on.",
  4403: "You may not edit this any more.",
  4404: "This does not exist any more.",
  4409: "Your rights have changed. Load the page again to go on with them.",
  4413: "This change is too large to be shared.",
};
const LOST = " What was not saved yet is still on this page; copy what you need.";

/** Show the state in `chip` and longer words in `note`; `kept` are the words for what is committed, or not yet. Returns what takes the news. */
export function stated({ chip, note, writes, kept = ["Saved", "Saving"] }) {
  let state = "connecting";
  const held = new Set(); // what is only on this page, and why
  const say = (tone, icon, words) => {
    if (chip.dataset.said === words) return;
    chip.dataset.said = words;
    chip.className = `nx-chip ${tone}`;
    const sign = document.createElement("span");
    sign.className = "material-symbols-outlined";
    sign.setAttribute("aria-hidden", "true");
    sign.textContent = icon;
    chip.replaceChildren(sign, document.createTextNode(words));
  };
  const tell = (words, action = null) => {
    note.hidden = !words;
    note.replaceChildren(document.createTextNode(words), ...(action ? [" ", action] : []));
  };
  const again = () => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "nx-button nx-small";
    button.textContent = "Load again";
    button.addEventListener("click", () => location.reload());
    return button;
  };
  const show = () => {
    const isSaved = !held.size;
    document.documentElement.dataset.together = state;
    if (state === "connecting") say("nx-quiet", "sync", "Connecting");
    else if (state === "offline") say("nx-attention", "cloud_off", isSaved ? "Offline" : "Offline, kept here");
    else if (state === "out") say("nx-bad", "block", "Disconnected");
    else if (state === "blocked") say("nx-attention", "link_off", "Not live");
    else if (!writes) say("nx-quiet", "visibility", "Live, read-only");
    else say(isSaved ? "nx-good" : "nx-quiet", isSaved ? "cloud_done" : "sync", kept[isSaved ? 0 : 1]);
  };
  addEventListener("beforeunload", (event) => {
    if (state === "blocked") return;
    event.stopImmediatePropagation(); // the form itself is not what is saved here
    if (held.size) event.preventDefault();
  }, { capture: true });
  show();
  return {
    /** Something of this person is nowhere but here, or is so no more: what was typed, what waits to be asked, a text that is no definition. */
    hold(why, isHeld) {
      if (isHeld) held.add(why);
      else held.delete(why);
      show();
    },
    become(next, { code = 0, reason = "" } = {}) {
      state = next;
      if (next === "offline") tell("No connection. Go on: what you write is kept on this page and merged with what others wrote when it is back.");
      else if (next === "out") tell(`${OUT[code] ?? reason}${held.size ? LOST : ""}`, again());
      else if (next === "blocked") {
        tell("Editing together is not possible here: the live connection is blocked. "
          + `${writes ? "This page edits alone; Save stores the draft, and says so when somebody else has changed it." : "This page shows the draft as it was when it was loaded."}`, again());
      } else tell("");
      show();
    },
  };
}
