// Heat maps of frames and steps, with the alignment path and an axis of time.
import { $, make, score, seconds } from "./state.js";

const ROW = 22;  // pixels a step on the screen
const LISTED = 10;  // times of a step that are listed at once
// Viridis at eleven points.
const VIRIDIS = [[68, 1, 84], [72, 36, 117], [65, 68, 135], [53, 95, 141], [42, 120, 142], [33, 145, 140],
  [34, 168, 132], [68, 191, 112], [122, 209, 81], [189, 223, 38], [253, 231, 37]];

function colour(value) {
  const x = Math.min(0.9999, Math.max(0, value)) * 10, i = Math.floor(x), f = x - i;
  return VIRIDIS[i].map((c, n) => Math.round(c + (VIRIDIS[i + 1][n] - c) * f));
}

export function span(result) { return [result.start_seconds, Math.max(result.end_seconds - result.start_seconds, 1e-6)]; }

// The steps of each time that a candidate is performed, k being which step of the script, from 0; one list where it
// was not counted. Of a partial repetition only some steps are there.
export const performed = (candidate) => (candidate.repetitions ?? [{ segments: candidate.segments }])
  .map((r) => r.segments.map((s, n) => ({ ...s, k: r.partial_steps ? r.partial_steps[n] - 1 : n })));
const partial = (candidate) => (candidate.repetitions ?? []).filter((r) => r.partial_steps).length;
export const repeated = (candidate) => performed(candidate).length > 1 || partial(candidate) > 0;

// The label, and how often it is performed unless once.
export function times(candidate) {
  if (!repeated(candidate)) return candidate.label;
  const parts = partial(candidate), whole = candidate.repetitions.length - parts;
  return `${candidate.label}, ${parts ? `${whole} whole and ${parts} partial` : `${whole} times`}`;
}

// Marks of time at round distances, about six.
export function ticks(result) {
  const [from, length] = span(result);
  const unit = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((u) => length / u <= 7) ?? 7200;
  const marks = [];
  for (let n = Math.ceil(from / unit - 1e-9); n * unit <= from + length; n += 1) {
    const at = n * unit, mark = make("span", unit < 1 ? `${at.toFixed(1)} s` : `${Math.round(at)} s`);
    mark.style.left = `${100 * (at - from) / length}%`;
    mark.classList.toggle("last", at - from > 0.9 * length);  // where no room may be left beside it
    marks.push(mark);
  }
  return marks;
}

export function heatMaps(result, shown, seek) {
  if (!shown.length) { $("maps").replaceChildren(); return; }
  const values = shown.flatMap((c) => c.affinity.flat());
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const best = result.label === null ? "likeliest" : "winner";
  $("maps").replaceChildren(...shown.map((c) => heatMap(result, c, c === result.candidates[0] ? best : "compared", low, high, seek)));
  drawKey();
}

function draw(result, candidate, low, high) {
  const frames = candidate.affinity.length, row = 30;
  const [from, length] = span(result), width = Math.min(1600, Math.max(600, frames));
  const canvas = make("canvas", "", { width, height: candidate.steps.length * row, role: "img",
    ariaLabel: `Affinity of ${frames} frames and the ${candidate.steps.length} steps of ${candidate.label}, and the path` });
  canvas.style.height = `${candidate.steps.length * ROW}px`;
  const edges = [...result.pts_seconds, from + length].map((t) => width * (t - from) / length);
  const ink = canvas.getContext("2d");
  candidate.affinity.forEach((values, t) => values.forEach((value, k) => {
    ink.fillStyle = `rgb(${colour(high > low ? (value - low) / (high - low) : 0)})`;
    ink.fillRect(edges[t], k * row, edges[t + 1] - edges[t] + 0.6, row);
  }));
  const at = (time) => width * (time - from) / length;
  const lines = repeated(candidate)
    ? performed(candidate).map((steps) => steps.flatMap((s) => [[at(s.start_seconds), s.k], [at(s.end_seconds), s.k]]))
    : [candidate.path.map(([t, k]) => [(edges[t] + edges[t + 1]) / 2, k])];
  for (const [style, thick] of [["#000", 6], ["#fff", 3]]) {
    Object.assign(ink, { strokeStyle: style, lineWidth: thick, lineJoin: "round" });
    for (const line of lines) {
      ink.beginPath();
      for (const [x, k] of line) ink.lineTo(x, (k + 0.5) * row);
      ink.stroke();
    }
  }
  return canvas;
}

function heatMap(result, candidate, role, low, high, seek) {
  const [from, length] = span(result), frames = candidate.affinity.length;
  const map = make("div", "", { className: "map", tabIndex: 0, role: "slider", ariaLabel: `Time in the heat map of ${candidate.label}`,
    ariaValueMin: from.toFixed(2), ariaValueMax: (from + length).toFixed(2) });
  map.append(draw(result, candidate, low, high), make("div", "", { className: "cursor" }));
  map.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!by) return;
    event.preventDefault();
    seek(Math.min(from + length, Math.max(from, $("video").currentTime + by * length / frames)));
  });
  map.addEventListener("click", (event) => {
    const box = map.getBoundingClientRect();
    seek(from + length * (event.clientX - box.left) / box.width);
  });
  const numbers = make("div", "", { className: "numbers", ariaHidden: "true" });
  numbers.append(...candidate.steps.map((_, k) => make("span", String(k + 1))));
  const axis = make("div", "", { className: "axis", ariaHidden: "true" });
  axis.append(...ticks(result));
  const plot = make("div", "", { className: "plot" }), list = make("ol");
  plot.append(numbers, map, axis);
  list.append(...candidate.steps.map((name, k) => {
    const item = make("li", name), rest = make("details");
    const times = performed(candidate).flat().filter((s) => s.k === k)
      .map((s) => `${s.start_seconds.toFixed(1)} to ${seconds(s.end_seconds)}`);
    item.append(make("small", times.slice(0, LISTED).join(", ")));
    if (times.length <= LISTED) return item;
    rest.append(make("summary", `Show ${times.length - LISTED} more`), make("small", times.slice(LISTED).join(", ")));
    item.append(rest);
    return item;
  }));
  const figure = make("figure"), caption = make("figcaption");
  caption.append(make("strong", candidate.label), ` ${role}, score ${score(candidate.score)}`);
  figure.append(caption, plot, list);
  return figure;
}

function drawKey() {
  const ink = $("key").getContext("2d");
  for (let x = 0; x < 120; x += 1) {
    ink.fillStyle = `rgb(${colour(x / 119)})`;
    ink.fillRect(x, 0, 1, 10);
  }
}
