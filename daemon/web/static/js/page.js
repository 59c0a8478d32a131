// What the other modules need of the page they are on.

const meta = (name) => document.querySelector(`meta[name=${name}]`)?.content ?? "";

export const token = meta("loom-token");
export const lastEvent = meta("loom-last-event");
export const eventKinds = meta("loom-event-kinds").split(" ").filter(Boolean);

/** The sentence to show for an answer that is no success: what happened, and what to do. */
export async function complaint(answer) {
  const problem = await answer.json().catch(() => ({}));
  return [problem.detail ?? `The daemon answered ${answer.status}.`, problem.advice].filter(Boolean).join(" ");
}

export const UNREACHABLE = "The daemon cannot be reached. Nothing was changed; try again when it is back.";

/** A request for the API, with the page's token. `body` goes as JSON. */
export function api(method, path, body) {
  const headers = { "X-Loom-Token": token, Accept: "application/json" };
  if (body === undefined) return fetch(path, { method, headers });
  return fetch(path, { method, headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** A sentence of the daemon's as nodes: what stands between `backticks` is something to type. */
export function prose(text) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/** A number of bytes in words, as the server writes it. */
export function size(bytes) {
  let amount = bytes;
  for (const unit of ["bytes", "kB", "MB", "GB"]) {
    if (amount < 1000) return `${unit === "bytes" ? amount : amount.toFixed(1)} ${unit}`;
    amount /= 1000;
  }
  return `${amount.toFixed(1)} TB`;
}

/** An element with attributes and children. Text stays text: nothing is ever parsed as markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}
