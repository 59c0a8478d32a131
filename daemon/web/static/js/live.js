// Keeps the page true: what happens in the daemon makes the parts it concerns load themselves again (docs/page.md).
//
//   <section id="stages" data-fragment="/fragments/packages/wren" data-on="package:wren">…</section>
//
// `data-on` lists, separated by spaces, what the part depends on: `packages` (anything about any package),
// `package:NAME` (anything about this one), `package:NAME/KIND` (one kind of event, or one `what` of package_changed),
// or the kind of an event, such as `drop_folder_changed`. Names are percent-encoded. The server renders the part; the
// answer is the element itself, with the same id.

import { morph } from "./morph.js";
import { announce } from "./said.js";
import { listen } from "./stream.js";
import { localise } from "./times.js";

const EVERY = 1000; // milliseconds between two looks at the same part, however much happens

const STATES = {
  live: "Live",
  lost: "Connection lost, trying again",
  stopped: "The daemon has stopped, waiting for it",
};

const parts = new Map(); // id -> {timer, at, isBusy, isStale, said}
const handlers = [];
let isLeaving = false;

/** Begin. Called once, by main.js. */
export function start() {
  listen(happened, connection);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const [id, part] of parts) if (part.isStale) soon(document.getElementById(id));
  });
  window.addEventListener("beforeunload", () => {
    isLeaving = true;
    setTimeout(() => (isLeaving = false), 5000); // it may have been a download
  });
  window.addEventListener("pageshow", (event) => event.persisted && refreshAll());
}

/** For modules with parts of their own to keep true: `handler(data, kind)` for each event that `topic` fits. */
export function on(topic, handler) {
  handlers.push([topic, handler]);
}

/** Load every part again, soon. */
export function refreshAll() {
  document.querySelectorAll("[data-fragment]").forEach(soon);
}

/** Load one part again, now, and return when it is on the page. */
export async function refresh(element) {
  const part = known(element);
  if (part.isBusy) {
    part.isStale = true;
    return;
  }
  Object.assign(part, { isBusy: true, isStale: false, at: Date.now() });
  try {
    const answer = await fetch(element.dataset.fragment, { headers: { Accept: "text/html" } });
    if (answer.status === 401 || answer.status === 404) isGone();
    else if (answer.ok) show(element, await answer.text());
  } catch {
    // The stream says that the connection is lost, and everything is loaded again when it is back.
  } finally {
    part.isBusy = false;
    if (part.isStale) soon(element);
  }
}

function isGone() {
  // What is shown is no more, or the daemon does not know this browser: the whole page says what to do. A little later,
  // for a form may be about to lead elsewhere.
  setTimeout(() => isLeaving || location.reload(), 500);
}

function happened(kind, data) {
  const topics = topicsOf(kind, data);
  for (const element of document.querySelectorAll("[data-fragment]")) {
    if (kind === "snapshot" || element.dataset.on.split(" ").some((topic) => topics.has(topic))) soon(element);
  }
  for (const [topic, handler] of handlers) if (kind === "snapshot" || topics.has(topic)) handler(data, kind);
}

function topicsOf(kind, data) {
  const topics = new Set([kind]);
  if (data.package === undefined) return topics;
  const name = `package:${encodeURIComponent(data.package)}`;
  topics.add("packages").add(name).add(`${name}/${kind}`);
  if (data.what) topics.add(`${name}/${data.what}`);
  return topics;
}

function known(element) {
  if (!parts.has(element.id)) {
    parts.set(element.id, { timer: null, at: 0, isBusy: false, isStale: false, said: element.dataset.say });
  }
  return parts.get(element.id);
}

function soon(element) {
  if (!element) return;
  const part = known(element);
  part.isStale = true;
  if (part.timer !== null || part.isBusy || document.hidden) return;
  part.timer = setTimeout(() => {
    part.timer = null;
    const present = document.getElementById(element.id);
    if (present) refresh(present);
  }, Math.max(0, part.at + EVERY - Date.now()));
}

function show(element, html) {
  const made = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  if (!made || made.id !== element.id) return;
  localise(made);
  morph(element, made);
  // What is worth hearing, for those who do not see it change.
  const part = known(element);
  if (element.dataset.say && element.dataset.say !== part.said) announce(element.dataset.say);
  part.said = element.dataset.say;
  element.dispatchEvent(new CustomEvent("loom:shown", { bubbles: true }));
}

function connection(state) {
  if (state === "out") {
    location.reload();
    return;
  }
  const place = document.getElementById("connection");
  place.dataset.state = state;
  place.querySelector(".connection-text").textContent = STATES[state] ?? state;
}
