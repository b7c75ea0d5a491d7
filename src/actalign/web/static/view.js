// Draws one result: timeline, ranking, heat maps with paths, frames. Knows no server but its images.
const $ = (id) => document.getElementById(id);
// Okabe and Ito's colour-blind safe palette.
const COLOURS = ["#56B4E9", "#E69F00", "#2bb98a", "#d996bb", "#F0E442", "#e8833a"];
// Viridis at eleven points.
const VIRIDIS = [[68, 1, 84], [72, 36, 117], [65, 68, 135], [53, 95, 141], [42, 120, 142], [33, 145, 140],
  [34, 168, 132], [68, 191, 112], [122, 209, 81], [189, 223, 38], [253, 231, 37]];

function colour(value) {
  const x = Math.min(0.9999, Math.max(0, value)) * 10, i = Math.floor(x), f = x - i;
  return VIRIDIS[i].map((c, n) => Math.round(c + (VIRIDIS[i + 1][n] - c) * f));
}

const make = (tag, text = "", props = {}) => Object.assign(document.createElement(tag), { textContent: text }, props);
const score = (s) => s.toPrecision(4);  // pair probabilities may be as small as 1e-8
export const seconds = (s) => `${s.toFixed(1)} s`;

export function show(result, compared, onCompare) {
  const [best] = result.candidates;
  $("empty").hidden = true;
  $("found").hidden = false;
  const verdict = $("verdict");
  verdict.replaceChildren(make("strong", repeated(best) ? `${best.label}, ${best.repetitions.length} times` : best.label));
  const margin = result.margin === null ? "only one candidate"
    : `${score(result.margin)} ahead of ${result.candidates[1].label}`;
  const sure = best.confidence === undefined ? "" : `, confidence ${Math.round(100 * best.confidence)} %`;
  verdict.append(make("small", `score ${score(best.score)}${sure}, ${margin}; ${result.frames} frames`));
  for (const warning of result.warnings) verdict.append(make("small", warning));
  drawTimeline(result, best);
  drawRanking(result, compared, onCompare);
  const other = result.candidates.find((c) => c.label === compared && c !== best) ?? result.candidates[1];
  const shown = other ? [best, other] : [best];
  const values = shown.flatMap((c) => c.affinity.flat());
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  $("maps").replaceChildren(...shown.map((c, n) => heatMap(result, c, n ? "compared" : "winner", low, high)));
  drawFrames(result, best);
  drawKey();
  follow(result);
}

function seek(time) { $("video").currentTime = time + 0.001; follow(); }

function span(result) { return [result.start_seconds, Math.max(result.end_seconds - result.start_seconds, 1e-6)]; }

// The steps of each time that a candidate is performed; one list where it was not counted.
const performed = (candidate) => candidate.repetitions?.map((r) => r.segments) ?? [candidate.segments];
const repeated = (candidate) => performed(candidate).length > 1;

function drawTimeline(result, best) {
  const [from, length] = span(result), all = performed(best);
  const blocks = all.flatMap((steps, n) => steps.map((s, k) => {
    const which = repeated(best) ? `Repetition ${n + 1} of ${all.length}, step` : "Step";
    const name = `${which} ${k + 1}: ${s.step}, ${seconds(s.start_seconds)} to ${seconds(s.end_seconds)}`;
    const button = make("button", String(k + 1), { type: "button", title: name });
    button.setAttribute("aria-label", name);
    button.dataset.start = s.start_seconds;
    button.dataset.end = s.end_seconds;
    button.style.left = `${100 * (s.start_seconds - from) / length}%`;
    button.style.width = `${100 * (s.end_seconds - s.start_seconds) / length}%`;
    button.style.background = COLOURS[k % COLOURS.length];
    button.classList.toggle("again", n > 0 && k === 0);
    button.addEventListener("click", () => seek(s.start_seconds));
    return button;
  }));
  $("timeline").replaceChildren(...blocks, make("div", "", { className: "cursor" }));
}

function drawRanking(result, compared, onCompare) {
  const scores = result.candidates.map((c) => c.score), low = Math.min(0, ...scores), high = Math.max(...scores);
  $("ranking").replaceChildren(...result.candidates.map((c, n) => {
    const button = make("button", "", { type: "button", title: n ? "Compare with the winner" : "The winner" });
    button.setAttribute("aria-pressed", String(n === 0 || c.label === compared));
    const fill = make("span", "", { className: "fill" }), track = make("span", "", { className: "track" });
    fill.style.display = "block";
    fill.style.width = `${high > low ? 100 * (c.score - low) / (high - low) : 0}%`;
    track.append(fill);
    button.append(make("span", c.label), make("span", score(c.score), { className: "score" }), track);
    button.addEventListener("click", () => onCompare(c.label));
    const item = make("li");
    item.append(button);
    return item;
  }));
}

function heatMap(result, candidate, role, low, high) {
  const frames = candidate.affinity.length, steps = candidate.steps.length, row = 30;
  const [from, length] = span(result), width = Math.min(1600, Math.max(600, frames));
  const canvas = make("canvas", "", { width, height: steps * row });
  const edges = [...result.pts_seconds, from + length].map((t) => width * (t - from) / length);
  const ink = canvas.getContext("2d");
  candidate.affinity.forEach((values, t) => values.forEach((value, k) => {
    ink.fillStyle = `rgb(${colour(high > low ? (value - low) / (high - low) : 0)})`;
    ink.fillRect(edges[t], k * row, edges[t + 1] - edges[t] + 0.6, row);
  }));
  const at = (time) => width * (time - from) / length;
  const lines = repeated(candidate)
    ? performed(candidate).map((steps) => steps.flatMap((s, k) => [[at(s.start_seconds), k], [at(s.end_seconds), k]]))
    : [candidate.path.map(([t, k]) => [(edges[t] + edges[t + 1]) / 2, k])];
  for (const [style, thick] of [["#000", 6], ["#fff", 3]]) {
    Object.assign(ink, { strokeStyle: style, lineWidth: thick, lineJoin: "round" });
    for (const line of lines) {
      ink.beginPath();
      for (const [x, k] of line) ink.lineTo(x, (k + 0.5) * row);
      ink.stroke();
    }
  }
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Affinity of ${frames} frames with the ${steps} steps of ${candidate.label}, and the path`);
  const map = make("div", "", { className: "map" });
  map.append(canvas, make("div", "", { className: "cursor" }));
  const name = `Time in the heat map of ${candidate.label}`;
  Object.assign(map, { tabIndex: 0, role: "slider" });
  map.setAttribute("aria-label", name);
  map.setAttribute("aria-valuemin", from.toFixed(2));
  map.setAttribute("aria-valuemax", (from + length).toFixed(2));
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
  const list = make("ol");
  list.append(...candidate.steps.map((s) => make("li", s)));
  const figure = make("figure");
  const caption = make("figcaption");
  caption.append(make("strong", candidate.label), ` ${role}, score ${score(candidate.score)}`);
  figure.append(caption, map, list);
  return figure;
}

function drawFrames(result, best) {
  const all = performed(best), times = result.pts_seconds;
  const within = (t, k) => all.some((steps) => steps[k].start_seconds <= times[t] && times[t] < steps[k].end_seconds);
  const cells = repeated(best)
    ? times.flatMap((_, t) => best.steps.map((_, k) => [t, k])).filter(([t, k]) => within(t, k)) : best.path;
  $("frames").replaceChildren(...best.steps.map((name, k) => {
    let top = 0, found = -Infinity;
    for (const [t, step] of cells) {
      if (step === k && best.affinity[t][k] > found) { found = best.affinity[t][k]; top = t; }
    }
    const time = result.pts_seconds[top];
    const button = make("button", "", { type: "button" });
    if (result.clip) button.append(make("img", "", { alt: "", src: `/api/clips/${result.clip}/frame?t=${time}` }));
    button.append(make("span", `${k + 1}. ${name} (${seconds(time)})`));
    button.addEventListener("click", () => seek(time));
    return button;
  }));
}

function drawKey() {
  const ink = $("key").getContext("2d");
  for (let x = 0; x < 120; x += 1) {
    ink.fillStyle = `rgb(${colour(x / 119)})`;
    ink.fillRect(x, 0, 1, 10);
  }
}

let shownResult = null;
export function follow(result = shownResult) {
  shownResult = result;
  if (!result) return;
  const [from, length] = span(result), now = $("video").currentTime;
  const place = `${Math.min(100, Math.max(0, 100 * (now - from) / length))}%`;
  for (const cursor of document.querySelectorAll(".cursor")) cursor.style.left = place;
  for (const map of document.querySelectorAll(".map")) {
    map.setAttribute("aria-valuenow", now.toFixed(2));
    map.setAttribute("aria-valuetext", seconds(now));
  }
  for (const step of document.querySelectorAll("#timeline button")) {
    step.classList.toggle("now", now >= Number(step.dataset.start) && now < Number(step.dataset.end));
  }
}
