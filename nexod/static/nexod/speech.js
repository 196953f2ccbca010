// What models say while they say it. Pieces carry the place where they belong; who missed one says so and waits for the next answer.

const SHOWN = 20_000; // characters
const speeches = new WeakMap();

/** Show a piece of text in `element`; what is there of an earlier answer of the same agent is replaced. */
export function hearText(element, { agent, at, text }) {
  const said = speeches.get(element) ?? speeches.set(element, new Map()).get(element);
  const line = said.get(agent) ?? added(element, said, agent);
  if (at === 0) {
    line.node.data = "";
    line.length = 0;
  } else if (at !== line.length) {
    line.node.data = "… ";
    line.length = at;
  }
  line.node.data = (line.node.data + text).slice(-SHOWN);
  line.length += text.length;
  line.box.hidden = !line.node.data;
  line.box.scrollTop = line.box.scrollHeight;
}

/** Take away what was said: it is told elsewhere by now. */
export function hush(element) {
  speeches.delete(element);
  element.replaceChildren();
}

function added(element, said, agent) {
  const box = document.createElement("div");
  const name = document.createElement("strong");
  const node = document.createTextNode("");
  box.className = "nx-says";
  name.textContent = agent;
  const words = document.createElement("p");
  words.append(node);
  box.append(...(agent ? [name, words] : [words]));
  element.append(box);
  const line = { box, node, length: 0 };
  said.set(agent, line);
  return line;
}
