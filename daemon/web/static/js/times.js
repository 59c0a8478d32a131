// Times in the zone of whoever looks. The server writes UTC; <time datetime data-time="full|short|day|ago"> is rewritten.

const language = navigator.language.startsWith("en") ? navigator.language : "en-GB"; // the page speaks English
const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const formats = {
  full,
  short: new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }),
  day: new Intl.DateTimeFormat(language, { dateStyle: "medium" }),
};
const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

/** Rewrite every <time> below `root`. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[data-time]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const text = time.dataset.time === "ago" ? ago(moment) : (formats[time.dataset.time] ?? full).format(moment);
    if (time.textContent !== text) time.textContent = text;
    time.title = exact.format(moment);
  }
}

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) {
      return Math.abs(seconds) > 30 * 86400 ? formats.day.format(moment) : relative.format(Math.round(seconds / length), unit);
    }
  }
  return "just now";
}

setInterval(() => localise(document), 30_000);
