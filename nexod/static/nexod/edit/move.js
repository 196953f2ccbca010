// Where a step is to come, kept by the key of the step that it comes behind: its name may be another one when its turn comes.
import { idsOf, keyOf, rootsOf } from "./shape.js";

/** Keep a place as the form says it: "after:greet:high", "start:", "undoes:greet"; null without one. */
export function placed(doc, said) {
  if (!said) return null;
  const [place, id, ...route] = said.split(":");
  return { place, key: id ? keyOf(doc, id) : "", route };
}

/** Say the place as the server takes it now; throws an Error when the step that it names is gone. */
export function placeNow(doc, { place, key, route }) {
  if (!key) return [place, ...(route.length ? ["", ...route] : [""])].join(":");
  const id = idsOf(rootsOf(doc).nodes).get(key);
  if (id === undefined) throw new Error("It did not happen: the step that it should come behind is not there any more.");
  return [place, id, ...route].join(":");
}
