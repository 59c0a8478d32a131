// What a person is told: briefly for what went well, until it is dismissed for what did not.

import { element, prose } from "./page.js";

const SECONDS = 6;

/** It went well. Goes away by itself: the page shows the same. */
export function said(text) {
  if (!text) return;
  const toast = put("said", text);
  setTimeout(() => toast.remove(), SECONDS * 1000);
}

/** It did not. Stays until it is dismissed. */
export function refused(text) {
  document.getElementById("refused").replaceChildren();
  put("refused", text);
}

/** For those who hear the page: something changed that others see. */
export function announce(text) {
  const live = document.getElementById("live");
  if (live.textContent !== text) live.textContent = text;
}

function put(place, text) {
  const close = element("button", { class: "button quiet slim", type: "button" }, "Close");
  const toast = element("div", { class: "toast" }, element("span", {}, ...prose(text)), close);
  close.addEventListener("click", () => toast.remove());
  document.getElementById(place).append(toast);
  return toast;
}
