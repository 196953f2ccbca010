// Undo and redo of what this person did, whatever others did meanwhile.
import * as Y from "../vendor/yjs.js";
import { rootsOf } from "./shape.js";

/** Buttons and keys (Ctrl Z, Ctrl Shift Z, Ctrl Y) for what was done under `typing`, together where it was quick, and `step`, each alone, in the maps `roots`. */
export function undoable({ doc, roots = Object.values(rootsOf(doc)), typing, step, undo, redo, within, ready, here, go }) {
  const manager = new Y.UndoManager(roots, { trackedOrigins: new Set([typing, step]), captureTimeout: 600 });
  for (const moment of ["beforeTransaction", "afterTransaction"]) doc.on(moment, ({ origin }) => origin === step && manager.stopCapturing());
  const show = () => {
    undo.disabled = !manager.canUndo();
    redo.disabled = !manager.canRedo();
  };
  manager.on("stack-item-added", ({ stackItem }) => { stackItem.meta.set("node", here()); show(); });
  manager.on("stack-item-popped", ({ stackItem }) => { go(stackItem.meta.get("node")); show(); });
  manager.on("stack-cleared", show);
  const back = () => ready().then(() => manager.undo()); // what is under way is the last change
  const forth = () => ready().then(() => manager.redo());
  undo.addEventListener("click", back);
  redo.addEventListener("click", forth);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !within.contains(event.target)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    if (event.target.matches("input, textarea") && !("shared" in event.target.dataset)) return; // it has an undo of its own
    event.preventDefault();
    if (key === "y" || event.shiftKey) forth();
    else back();
  });
  for (const button of [undo, redo]) button.hidden = false;
  show();
  return manager;
}
