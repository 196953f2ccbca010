// Makes a piece of the page equal to fresh HTML with the fewest changes: open details, focus, scroll and typed text stay.

const IGNORED = /(name="csrfmiddlewaretoken" value=")[^"]*/g;
const last = new WeakMap();

/** Make the children of `element` what `html` says; nothing happens when it says the same as the last time. */
export function morph(element, html) {
  const said = html.replace(IGNORED, "$1");
  if (last.get(element) === said) return false;
  last.set(element, said);
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  children(element, fresh.content);
  return true;
}

function children(old, fresh) {
  const wanted = [...fresh.childNodes];
  const keyed = new Map([...old.childNodes].filter(key).map((node) => [key(node), node]));
  let here = old.firstChild;
  for (const node of wanted) {
    const same = key(node) ? keyed.get(key(node)) : alike(here, node) ? here : null;
    if (!same) {
      old.insertBefore(node.cloneNode(true), here);
      continue;
    }
    if (same === here) here = here.nextSibling;
    else old.insertBefore(same, here);
    one(same, node);
  }
  while (here) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

function one(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (keeps(old)) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open" && name !== "data-loaded") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  children(old, fresh);
}

function key(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset?.key || node.id : "";
}

function alike(old, fresh) {
  const same = old && old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && !key(old) && !key(fresh);
  return same && keeps(old) === keeps(fresh);
}

function keeps(node) {
  return node.nodeType === Node.ELEMENT_NODE && node.hasAttribute("data-keep");
}
