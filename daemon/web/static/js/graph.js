// The graph's picture: places come from the server, this draws them and lets people move about in them.

import { element } from "./page.js";
import { on, refresh } from "./live.js";
import { announce } from "./said.js";

const canvas = document.getElementById("picture");
const note = document.getElementById("picture-note");
const LABELS = 60; // names drawn at once: more would be a grey wall
const STEP = 60; // pixels an arrow key moves the picture
const NEAR = 14; // pixels within which a click means a dot

let picture = { dots: [], lines: [] };
let view = { scale: 1, x: 0, y: 0 };
let chosen = canvas?.dataset.focus ?? "";
let hovered = -1;
let isDrawing = false;

if (canvas) begin();

function begin() {
  for (const id of ["zoom-in", "zoom-out", "zoom-all", "picture-help"]) document.getElementById(id).hidden = false;
  document.getElementById("zoom-in").addEventListener("click", () => zoom(1.4));
  document.getElementById("zoom-out").addEventListener("click", () => zoom(1 / 1.4));
  document.getElementById("zoom-all").addEventListener("click", showAll);
  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", hover);
  canvas.addEventListener("keydown", key);
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const name = encodeURIComponent(canvas.dataset.package);
  on(`package:${name}/graph`, load);
  on(`package:${name}/stage_ended`, load);
  load();
}

async function load() {
  const answer = await fetch(canvas.dataset.picture).catch(() => null);
  if (!answer?.ok) {
    note.textContent = "The picture could not be loaded; the tables below hold the same.";
    return;
  }
  const isFirst = !picture.dots.length;
  picture = (await answer.json()).picture;
  const rest = picture.left_out ? `, ${picture.left_out.toLocaleString()} further away are not drawn` : "";
  note.textContent = `${picture.dots.length.toLocaleString()} nodes, ${picture.lines.length.toLocaleString()} relations${rest}`;
  if (isFirst) showAll();
  else draw();
}

// --- the view: a dot at (x, y) of the server's square stands at (x * scale + view.x, …) of the canvas ---

function showAll() {
  const box = canvas.getBoundingClientRect();
  const scale = Math.max(80, Math.min(box.width, box.height) - 90);
  view = { scale, x: (box.width - scale) / 2, y: (box.height - scale) / 2 };
  draw();
}

function zoom(by, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.min(60_000, Math.max(80, view.scale * by));
  const real = scale / view.scale;
  view = { scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
  draw();
}

function bringToMiddle(x, y) {
  // For those who cannot drag.
  view = { ...view, x: view.x + canvas.clientWidth / 2 - x, y: view.y + canvas.clientHeight / 2 - y };
  draw();
}

function place(dot) {
  return [dot.x * view.scale + view.x, dot.y * view.scale + view.y];
}

function radius(dot) {
  return 3.5 + Math.min(9, Math.sqrt(dot.degree) * 1.4);
}

// --- drawing ---

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    paint();
  });
}

function paint() {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const points = picture.dots.map(place);
  const seen = points.map(([x, y]) => x > -40 && y > -40 && x < width + 40 && y < height + 40);
  lines(pen, points, seen);
  dots(pen, points, seen);
  labels(pen, points, seen);
}

function lines(pen, points, seen) {
  const focus = hovered >= 0 ? hovered : picture.dots.findIndex((dot) => dot.id === chosen);
  const [far, near] = [new Path2D(), new Path2D()];
  for (const { source, target } of picture.lines) {
    if (!seen[source] && !seen[target]) continue;
    const path = source === focus || target === focus ? near : far;
    path.moveTo(points[source][0], points[source][1]);
    path.lineTo(points[target][0], points[target][1]);
  }
  pen.lineWidth = 1;
  for (const [path, name, alpha] of [[far, "--line-strong", 0.45], [near, "--accent", 0.9]]) {
    pen.strokeStyle = colour(name);
    pen.globalAlpha = alpha;
    pen.stroke(path);
  }
  pen.globalAlpha = 1;
}

function dots(pen, points, seen) {
  const byType = new Map();
  picture.dots.forEach((dot, at) => {
    if (!seen[at]) return;
    if (!byType.has(dot.type)) byType.set(dot.type, new Path2D());
    const [x, y] = points[at];
    byType.get(dot.type).moveTo(x + radius(dot), y);
    byType.get(dot.type).arc(x, y, radius(dot), 0, 2 * Math.PI);
  });
  for (const [type, path] of byType) {
    pen.fillStyle = colour(`--${type}`) || colour("--quiet");
    pen.fill(path);
  }
  pen.strokeStyle = colour("--ink");
  pen.lineWidth = 2;
  picture.dots.forEach((dot, at) => {
    if (dot.id !== chosen && at !== hovered) return;
    pen.beginPath();
    pen.arc(...points[at], radius(dot) + 3, 0, 2 * Math.PI);
    pen.stroke();
  });
}

function labels(pen, points, seen) {
  pen.font = `12px ${getComputedStyle(canvas).fontFamily}`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.lineWidth = 3;
  pen.strokeStyle = colour("--sunken");
  pen.fillStyle = colour("--ink");
  const wanted = [...picture.dots.keys()]
    .filter((at) => seen[at])
    .sort((one, other) => weight(other) - weight(one))
    .slice(0, LABELS);
  const taken = [];
  for (const at of wanted) {
    const dot = picture.dots[at];
    const text = dot.label.length > 28 ? `${dot.label.slice(0, 27)}…` : dot.label;
    const [x, y] = [points[at][0], points[at][1] - radius(dot) - 5];
    const half = pen.measureText(text).width / 2 + 3;
    const isFree = taken.every(([left, top, right, low]) => x + half < left || x - half > right || y < top - 1 || y - 13 > low);
    if (!isFree && weight(at) < 1e6) continue;
    taken.push([x - half, y - 12, x + half, y]);
    pen.strokeText(text, x, y);
    pen.fillText(text, x, y);
  }
}

function weight(at) {
  return picture.dots[at].degree + (picture.dots[at].id === chosen || at === hovered ? 1e6 : 0);
}

const colours = new Map();

function colour(name) {
  const theme = `${document.documentElement.dataset.theme} ${matchMedia("(prefers-color-scheme: dark)").matches} ${name}`;
  if (!colours.has(theme)) {
    // A custom property holds `light-dark(…)` as it was written; only a real property is worked out.
    const probe = element("span", { class: "unseen" });
    probe.style.color = getComputedStyle(canvas).getPropertyValue(name);
    canvas.parentElement.append(probe);
    colours.set(theme, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(theme);
}

// --- people ---

function at(event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function dotAt(x, y) {
  let best = -1;
  let distance = NEAR;
  picture.dots.forEach((dot, number) => {
    const [dotX, dotY] = place(dot);
    const away = Math.hypot(dotX - x, dotY - y) - radius(dot);
    if (away < distance) [best, distance] = [number, away];
  });
  return best;
}

function wheel(event) {
  if (!event.ctrlKey && document.activeElement !== canvas) return; // somebody scrolls past
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 400), ...at(event));
}

function hover(event) {
  if (event.buttons) return;
  const found = dotAt(...at(event));
  if (found === hovered) return;
  hovered = found;
  canvas.style.cursor = found >= 0 ? "pointer" : "";
  draw();
}

function press(event) {
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  const start = at(event);
  const before = { ...view };
  let isMoved = false;
  const move = (moved) => {
    const [x, y] = at(moved);
    isMoved ||= Math.hypot(x - start[0], y - start[1]) > 4;
    if (!isMoved) return;
    view = { ...before, x: before.x + x - start[0], y: before.y + y - start[1] };
    draw();
  };
  const end = () => {
    canvas.removeEventListener("pointermove", move);
    const found = isMoved ? -1 : dotAt(...start);
    if (found >= 0) choose(picture.dots[found]);
    else if (!isMoved) bringToMiddle(...start);
  };
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", end, { once: true });
}

function key(event) {
  const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
  if (event.key in moves) {
    const [x, y] = moves[event.key];
    view = { ...view, x: view.x + x, y: view.y + y };
    draw();
  } else if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else if (event.key === "0") showAll();
  else return;
  event.preventDefault();
}

async function choose(dot) {
  chosen = dot.id;
  draw();
  const node = document.getElementById("node");
  node.dataset.fragment = `${canvas.dataset.node}?${new URLSearchParams({ id: dot.id })}`;
  await refresh(node);
  history.replaceState(null, "", `${canvas.dataset.page}?${new URLSearchParams({ focus: dot.id })}`);
  announce(`${dot.label}, ${dot.type}`);
}
