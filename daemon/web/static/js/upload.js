// Hands files to the daemon: chosen in <form data-upload>, or dragged anywhere onto the page. One after another, streamed
// from the disk, of any size; each can be cancelled.

import { refreshAll } from "./live.js";
import { api, complaint, element, prose, size, token, UNREACHABLE } from "./page.js";
import { announce, refused } from "./said.js";

let queue = Promise.resolve();

/** Begin. Called once, by main.js. Pages without an upload form take no files. */
export function watchUploads() {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  form.hidden = false;
  const chooser = form.querySelector("input[type=file]");
  chooser.addEventListener("change", () => {
    handIn(form, chooser.files);
    chooser.value = "";
  });
  form.querySelector("[data-choose]").addEventListener("click", () => chooser.click());
  watchDragging(form);
}

function watchDragging(form) {
  let depth = 0;
  const mark = (by) => {
    depth = by === 0 ? 0 : depth + by;
    document.body.classList.toggle("dragging", depth > 0);
  };
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => holdsFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => holdsFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    mark(0);
    const folders = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()?.isDirectory ?? false);
    if (folders.includes(true)) refused("A folder cannot be handed in here. Pack it into a ZIP, or put it into the drop folder.");
    handIn(form, [...event.dataTransfer.files].filter((_file, index) => !folders[index]));
  });
}

function handIn(form, files) {
  const name = form.elements.package.value.trim() || form.dataset.default;
  for (const file of files) {
    const line = new Line(document.getElementById("uploading"), file, name);
    queue = queue.then(() => line.send());
  }
}

/** One file on its way, and what is shown of it. */
class Line {
  constructor(list, file, name) {
    this.file = file;
    this.package = name;
    this.request = new XMLHttpRequest(); // fetch cannot tell how much of a body has been sent
    this.isCancelled = false;
    this.progress = element("progress", { class: "meter", max: 1, value: 0, "aria-label": `Upload of ${file.name}` });
    this.state = element("span", { class: "quiet number" }, `waiting, ${size(file.size)}`);
    this.button = element("button", { class: "button quiet slim", type: "button" }, "Cancel");
    this.button.setAttribute("aria-label", `Cancel the upload of ${file.name}`);
    this.button.addEventListener("click", () => this.cancel());
    const head = element("div", { class: "spread" }, element("strong", {}, file.name), this.state, this.button);
    this.row = element("li", { class: "uploading" }, head, this.progress);
    list.append(this.row);
  }

  cancel() {
    if (this.isOver) {
      this.row.remove();
      return;
    }
    this.isCancelled = true;
    this.request.abort();
    this.end("cancelled; nothing of it was kept");
  }

  async send() {
    if (this.isCancelled) return;
    try {
      const made = await api("POST", "/api/packages", { name: this.package });
      const answer = made.ok ? await this.put() : made;
      if (this.isCancelled) return;
      if (!answer.ok) this.fail(await complaint(answer));
      else this.arrive((await answer.json()).outcome);
    } catch {
      if (!this.isCancelled) this.fail(UNREACHABLE);
    }
  }

  put() {
    return new Promise((resolve, reject) => {
      const query = new URLSearchParams({ name: this.file.name });
      if (this.file.lastModified > 0) query.set("modified", Math.trunc(this.file.lastModified));
      this.request.open("PUT", `/api/packages/${encodeURIComponent(this.package)}/uploads?${query}`);
      this.request.setRequestHeader("X-Loom-Token", token);
      this.request.upload.onprogress = ({ loaded, total }) => this.show(loaded, total);
      this.request.onload = () => resolve(new Response(this.request.responseText, { status: this.request.status }));
      this.request.onerror = this.request.onabort = reject;
      this.request.send(this.file);
    });
  }

  show(loaded, total) {
    this.progress.value = total ? loaded / total : 0;
    this.state.textContent = loaded < total ? `${size(loaded)} of ${size(total)}` : "being checked";
  }

  arrive(outcome) {
    this.progress.value = 1;
    this.end(outcome === "duplicate" ? "is in the package already" : "handed in");
    announce(`${this.file.name} is handed in.`);
    refreshAll();
  }

  fail(why) {
    this.progress.remove();
    this.row.append(element("p", { class: "complaint", role: "alert" }, `${this.file.name} was not taken: `, ...prose(why)));
    this.end("failed");
  }

  end(state) {
    this.isOver = true;
    this.state.textContent = state;
    this.button.textContent = "Hide";
    this.button.setAttribute("aria-label", `Hide the line of ${this.file.name}`);
  }
}
