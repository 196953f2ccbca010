// What the editor keeps when the server cannot be asked: prints what happened, as JSON.
import { errands, Unreachable } from "../../nexod/static/nexod/edit/errands.js";
import { bind, shifted, typed } from "../../nexod/static/nexod/edit/field.js";
import * as Y from "../../nexod/static/nexod/vendor/yjs.js";

const turn = () => new Promise((done) => { setImmediate(done); });
const told = {};

async function kept() {
  const [done, waits, failed] = [[], [], []];
  let [isAway, retry] = [true, null];
  const row = errands({ onWait: (titles) => waits.push(titles.join()), onFail: (error) => failed.push(error.message), later: (work) => { retry = work; } });
  const errand = (title, error = null) => ({ title, work: async () => {
    if (isAway) throw new Unreachable();
    if (error) throw new Error(error);
    done.push(title || "look");
  } });
  row.add(errand("one"));
  await turn();
  row.add(errand(""));
  row.add(errand(""));
  row.add(errand("two", "refused"));
  row.add(errand("three"));
  await turn();
  await row.ready(); // what waits for the server is not waited for
  const held = row.has();
  retry();
  await turn();
  isAway = false;
  row.again();
  await row.ready();
  return { done, failed, held, waited: waits.includes("one,two,three"), last: waits.at(-1), has: row.has() };
}

async function givenUp() {
  const [done, waits] = [[], []];
  let isAway = true;
  const row = errands({ onWait: (titles) => waits.push(titles.join()), onFail() {}, later() {} });
  const errand = (title) => ({ title, work: async () => { if (isAway) throw new Unreachable(); done.push(title); } });
  row.add(errand("one"));
  row.add(errand("two"));
  await turn();
  const dropped = row.drop();
  isAway = false;
  row.add(errand("three"));
  await row.ready();
  return { dropped, done };
}

// A word is composed (as phones and IMEs do) while another writes before it, and the form is made anew in the middle of it.
function composed() {
  globalThis.document = { activeElement: null };
  const listeners = {};
  const element = {
    value: "", selectionEnd: 0, dataset: {}, addEventListener: (name, work) => { listeners[name] = work; }, removeEventListener() {}, setSelectionRange() {},
  };
  const text = new Y.Doc().getText("t");
  text.insert(0, "old words here");
  const end = bind(element, text, "me");
  listeners.compositionstart();
  [element.value, element.selectionEnd] = ["old WORD here", 8];
  text.insert(0, "Theirs: ");
  listeners.compositionend();
  const first = text.toString();
  listeners.compositionstart();
  [element.value, element.selectionEnd] = [`${element.value}!`, element.value.length + 1];
  end();
  return [first, text.toString(), element.value];
}

told.kept = await kept();
told.givenUp = await givenUp();
told.composed = composed();
told.typed = typed("aab", "aaab", 2);
told.shifted = shifted(3, [{ retain: 1 }, { insert: "xy" }, { delete: 1 }]);
console.log(JSON.stringify(told));
