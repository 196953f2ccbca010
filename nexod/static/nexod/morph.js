// Makes a piece of the page equal to fresh HTML with the fewest changes: open details, focus, scroll and typed text stay.

const IGNORED = /(name="csrfmiddlewaretoken" value=")[^"]*/g;
const last = new WeakMap();

/** Make the children of `element` what `html` says; nothing happens when it says the same as the last time. */
export function morph(element, html) {
  const said = html.replace(IGNORED, "$1");
  if (last.get(element) === said) return false;
  last.set(element, said);
  become(element, html);
  return true;
}

/** Make the children of `element` what `html` says, whatever was done to them since the last time; those with `data-own` stay. */
export function become(element, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  children(element, fresh.content);
}

function children(old, fresh) {
  const wanted = [...fresh.childNodes];
  const keyed = new Map([...old.childNodes].filter(key).map((node) => [key(node), node]));
  let place = old.firstChild; // what is new comes in here, before what is the person's own
  for (const node of wanted) {
    const here = other(place);
    const same = key(node) ? keyed.get(key(node)) : alike(here, node) ? here : null;
    if (!same) {
      old.insertBefore(node.cloneNode(true), place);
      continue;
    }
    if (same === here) place = here.nextSibling;
    else old.insertBefore(same, place);
    one(same, node);
  }
  for (let here = other(place); here; here = other(place)) {
    place = here.nextSibling;
    here.remove();
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

// The node, or the next behind it, that is not the person's own.
function other(node) {
  let found = node;
  while (found?.nodeType === Node.ELEMENT_NODE && found.hasAttribute("data-own")) found = found.nextSibling;
  return found;
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
