// The list of conversations: ticking all of a page, counting what is ticked, comparing with a chats.db.

import { complaint, token, UNREACHABLE } from "./page.js";

const boxes = () => [...document.querySelectorAll("#bulk input[name=id]")];

function count() {
  const ticked = boxes().filter((box) => box.checked).length;
  const place = document.querySelector("#ticked");
  const all = document.querySelector("#tick-all");
  if (!place || !all) return;
  place.hidden = false;
  place.textContent = `(${ticked})`;
  all.hidden = false;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "tick-all") {
    for (const box of boxes()) box.checked = event.target.checked;
  } else if (!event.target.matches("#bulk input[name=id]")) {
    return;
  }
  document.querySelector("#of-ticked").checked = true;
  count();
});
document.addEventListener("reset", () => setTimeout(count));
document.addEventListener("loom:shown", count);
count();

for (const form of document.querySelectorAll("form[data-compare]")) {
  form.hidden = false;
  form.parentElement.querySelector("[data-without-script]").hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    compare(form);
  });
}

async function compare(form) {
  const [file] = form.querySelector("input[type=file]").files;
  const button = form.querySelector("button");
  const place = form.querySelector(".complaint");
  place.textContent = "";
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    const answer = await fetch(`${form.dataset.compare}?name=${encodeURIComponent(file.name.slice(0, 200))}`, {
      method: "PUT",
      headers: { "X-Loom-Token": token, "Content-Type": "application/octet-stream" },
      body: file,
    });
    if (answer.ok) location.reload();
    else place.textContent = await complaint(answer);
  } catch {
    place.textContent = UNREACHABLE;
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}
