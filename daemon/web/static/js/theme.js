// The switch between light and dark: at once here, and kept by the daemon in a cookie for the next page.

/** Begin. Called once, by main.js. */
export function watchThemes() {
  const form = document.querySelector("[data-theme-switch]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = event.submitter.value;
    document.documentElement.dataset.theme = chosen;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", button.value === chosen);
    const body = new URLSearchParams(new FormData(form, event.submitter));
    fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body }).catch(() => {});
  });
}
