// Makes an element equal to a newer rendering of it with as few changes as possible: what is the same stays the very
// same node, so focus, selection, scroll positions and running transitions survive.
//
// Children that have an id are matched by it, the others by their place. What a person did stays: <details> keep whether
// they are open, fields keep what was typed, and what lies below [data-keep] belongs to a script and is left alone.

const OF_THE_PERSON = { DETAILS: ["open"], DIALOG: ["open"] };

/** Make `target` look like `source`. `source` is used up. */
export function morph(target, source) {
  const focused = document.activeElement;
  const heirs = ancestors(focused).filter((each) => each.id && target.contains(each));
  node(target, source);
  if (focused === document.activeElement || !heirs.length) return;
  if (focused.isConnected) focused.focus({ preventScroll: true });
  else focusOn(heirs.find((each) => each.isConnected));
}

function focusOn(heir) {
  // What had the focus is gone: the nearest thing around it that is left has it now, so that Tab goes on from there.
  if (!heir) return;
  if (heir.tabIndex < 0) heir.setAttribute("tabindex", "-1");
  heir.focus({ preventScroll: true });
}

function ancestors(element) {
  const found = [];
  for (let each = element?.parentElement; each; each = each.parentElement) found.push(each);
  return found;
}

function node(target, source) {
  if (target.nodeType !== Node.ELEMENT_NODE) {
    if (target.nodeValue !== source.nodeValue) target.nodeValue = source.nodeValue;
    return;
  }
  if (target.hasAttribute("data-keep")) return;
  attributes(target, source);
  children(target, source);
}

function attributes(target, source) {
  const kept = OF_THE_PERSON[target.nodeName] ?? [];
  for (const { name } of [...target.attributes]) {
    if (!source.hasAttribute(name) && !kept.includes(name)) target.removeAttribute(name);
  }
  for (const { name, value } of source.attributes) {
    if (target.getAttribute(name) !== value && !kept.includes(name)) target.setAttribute(name, value);
  }
}

function children(target, source) {
  const wantedIds = new Set([...source.children].map((each) => each.id).filter(Boolean));
  const known = new Map([...target.children].filter((each) => each.id).map((each) => [each.id, each]));
  let here = target.firstChild;
  for (const wanted of [...source.childNodes]) {
    while (here && isGone(here, wantedIds)) here = drop(here);
    const found = wanted.id ? known.get(wanted.id) : isAlike(here, wanted) ? here : null;
    if (!found || found.nodeName !== wanted.nodeName) {
      target.insertBefore(wanted, here);
    } else {
      if (found === here) here = here.nextSibling;
      else target.insertBefore(found, here);
      node(found, wanted);
    }
  }
  while (here) here = drop(here);
}

function isGone(node, wantedIds) {
  return Boolean(node.id) && !wantedIds.has(node.id);
}

function isAlike(node, wanted) {
  return node && node.nodeName === wanted.nodeName && !node.id;
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
