// Keeps the page up to date and sends its forms without leaving it. The page works without this script.

const token = document.querySelector("meta[name=loom-token]").content;
const shelf = document.getElementById("shelf");
const status = document.getElementById("status");
const message = document.getElementById("message");
const EVERY = 1000; // milliseconds between two looks at the daemon

let timer = null;
let lookedAt = 0;
let shown = "";

function lookSoon() {
  if (timer === null) {
    timer = setTimeout(look, Math.max(0, lookedAt + EVERY - Date.now()));
  }
}

async function look() {
  lookedAt = Date.now();
  try {
    const answer = await fetch("/fragments/shelf");
    if (answer.status === 401) {
      location.reload();
      return;
    }
    if (answer.ok) show(await answer.text());
  } catch {
    // The event stream says so, and asks again when the daemon is back.
  } finally {
    timer = null;
  }
}

function show(html) {
  if (html === shown) return;
  shown = html;
  const open = [...shelf.querySelectorAll("details[open]")].map((each) => each.id);
  const focused = shelf.contains(document.activeElement) ? document.activeElement.id : "";
  const page = new DOMParser().parseFromString(html, "text/html");
  shelf.replaceChildren(...page.body.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
  say(shelf.querySelector("[data-summary]").dataset.summary);
}

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

async function complaint(answer) {
  if (answer.ok) return "";
  const problem = await answer.json().catch(() => ({}));
  return [problem.detail ?? `The daemon answered ${answer.status}.`, problem.advice].filter(Boolean).join(" ");
}

async function send(button, request) {
  if (button) button.disabled = true;
  try {
    message.textContent = await complaint(await request());
  } catch {
    message.textContent = "The daemon cannot be reached.";
  } finally {
    if (button) button.disabled = false;
    lookSoon();
  }
}

// What a form sends to /actions/… is JSON for /api/…: the same address, the same names.
function act(form) {
  const { token: _, ...fields } = Object.fromEntries(new FormData(form));
  return fetch(new URL(form.action).pathname.replace(/^\/actions\//, "/api/"), {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Loom-Token": token },
    body: JSON.stringify(fields),
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.id === "upload") upload(form);
  else send(event.submitter, () => act(form));
});

// XMLHttpRequest, because fetch cannot tell how much of a body has been sent.
async function upload(form) {
  const [file, name] = [form.elements.file.files[0], form.elements.package.value.trim()];
  const progress = document.getElementById("progress");
  progress.hidden = false;
  await send(form.querySelector("button"), async () => {
    const made = await fetch("/api/packages", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Loom-Token": token },
      body: JSON.stringify({ name }),
    });
    return made.ok ? put(file, name, progress) : made;
  });
  progress.hidden = true;
}

function put(file, name, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ name: file.name });
    request.open("PUT", `/api/packages/${encodeURIComponent(name)}/uploads?${query}`);
    request.setRequestHeader("X-Loom-Token", token);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    };
    request.onload = () => resolve(new Response(request.responseText, { status: request.status }));
    request.onerror = reject;
    request.send(file);
  });
}

const events = new EventSource("/api/events");
for (const kind of [
  "snapshot", "stage_started", "stage_progressed", "stage_ended", "package_settled", "package_repaired",
  "upload_received", "drop_folder_changed", "daemon_ready",
]) {
  events.addEventListener(kind, lookSoon);
}
events.addEventListener("shutdown", () => say("The daemon has stopped."));
events.addEventListener("error", () => {
  say("The connection to the daemon is lost; trying again.");
  // A daemon that was started anew does not know this browser: the page then says how to log in.
  if (events.readyState === EventSource.CLOSED) lookSoon();
});
document.getElementById("upload").hidden = false;
