// Sends forms without leaving the page: <form data-send>. The daemon answers {"go": address, "said": sentence}.

import { refreshAll } from "./live.js";
import { complaint, prose, UNREACHABLE } from "./page.js";
import { refused, said } from "./said.js";

/** Begin. Called once, by main.js. */
export function watchForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-send]")) return;
    event.preventDefault();
    send(form, event.submitter);
  });
  document.addEventListener("click", (event) => {
    // Away from the question, and back to where it was asked.
    const asked = event.target.closest("[data-never-mind]")?.closest("details");
    if (!asked) return;
    asked.open = false;
    asked.querySelector("summary").focus();
  });
}

/** Send a form as a browser would, and show what came of it. */
export async function send(form, submitter) {
  if (form.getAttribute("aria-busy") === "true") return;
  complain(form, "");
  form.setAttribute("aria-busy", "true");
  submitter?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form, submitter)),
    });
    if (answer.status === 401) location.reload();
    else if (answer.ok) went(form, await answer.json());
    else complain(form, await complaint(answer));
  } catch {
    complain(form, UNREACHABLE);
  } finally {
    form.removeAttribute("aria-busy");
    submitter?.removeAttribute("aria-busy");
  }
}

function went(form, { go, said: sentence }) {
  const target = new URL(go, location.href);
  if (target.pathname !== location.pathname || target.search !== location.search) {
    location.assign(target);
    return;
  }
  said(sentence);
  const asked = form.closest("details.confirm");
  if (asked) asked.open = false;
  if (form.hasAttribute("data-clear")) form.reset();
  refreshAll();
}

/** Beside the fields when the form has a place for it, else over the page. */
function complain(form, text) {
  const place = form.querySelector(".complaint");
  if (place) place.replaceChildren(...prose(text));
  else if (text) refused(text);
}
