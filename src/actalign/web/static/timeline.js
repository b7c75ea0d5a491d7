// The steps over time, with borders that can be dragged, and what a person says of the answer.
import { call } from "./api.js";
import { candidates, editSteps, isListed } from "./candidates.js";
import { performed, span, ticks } from "./maps.js";
import { refresh } from "./queue.js";
import { $, fail, make, makeButton, rowOf, sameLabel, seconds, state } from "./state.js";
import { judgement } from "./table.js";
import { follow, seek } from "./view.js";

// Of steps: Okabe and Ito's colour-blind safe palette, without those on which black can't be read.
export const COLOURS = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00"];
// Of actions that are found in a clip, which are no steps: six that all kinds of colour vision tell from those and from each other.
const OTHERS = ["#AA44FF", "#EE2255", "#44EE66", "#AADDFF", "#FFBBAA", "#6677CC"];
const lines = (angle, thick = 2, apart = 7) => `repeating-linear-gradient(${angle}deg, #10151c 0 ${thick}px, transparent 0 ${apart}px)`;
const PATTERNS = ["", lines(45), lines(90), "radial-gradient(#10151c 1.7px, transparent 2.2px) 0 0 / 6px 6px", lines(0, 2, 5), lines(-45),
  lines(45, 6, 12), `${lines(0)}, ${lines(90)}`, `${lines(45, 1)}, ${lines(-45, 1)}`];
// The look of the action of this number, from 0: where the colours are used up they come again with a pattern.
export const look = (n) => [PATTERNS[Math.floor(n / OTHERS.length) % PATTERNS.length], OTHERS[n % OTHERS.length]].filter(Boolean).join(", ");

const LEAST_APART = 6;  // pixels a step, so that one border can be told from the next

// The candidate whose steps are shown: the one that is said to be right, else the winner.
function shownCandidate(result, truth) {
  return result.candidates.find((c) => sameLabel(c.label, truth?.label)) ?? result.candidates[0];
}

function intervalsOf(candidate, truth) {
  if (truth?.intervals?.length && sameLabel(candidate.label, truth.label)) {
    return truth.intervals.map((one) => ({ ...one }));
  }
  return performed(candidate).flat().map((s) => ({ start: s.start_seconds, end: s.end_seconds, step: s.k }));
}

export function drawTimeline() {
  const result = state.result, truth = rowOf(result.clip)?.truth ?? null;
  const shown = shownCandidate(result, truth), parts = intervalsOf(shown, truth);
  const [from, length] = span(result), place = (t) => `${100 * (t - from) / length}%`;
  const crowded = $("timeline").clientWidth < LEAST_APART * parts.length;
  const blocks = parts.map((part, n) => {
    const button = makeButton("", () => seek(part.start), { tabIndex: crowded ? -1 : 0 });
    button.append(make("span", String(part.step + 1)));
    button.style.background = COLOURS[part.step % COLOURS.length];
    button.classList.toggle("again", n > 0 && part.step === 0);
    return button;
  });
  const times = () => blocks.forEach((button, n) => {
    const { start, end, step } = parts[n];
    button.title = button.ariaLabel = `Step ${step + 1}: ${shown.steps[step]}, ${seconds(start)} to ${seconds(end)}`;
    Object.assign(button.dataset, { start, end });
    button.style.left = place(start);
    button.style.width = `${100 * (end - start) / length}%`;
  });
  times();
  const save = () => judge(shown.label, parts.map(({ start, end, step }) => ({ start, end, step })), result.clip);
  const handles = result.clip && parts.length && !crowded ? borders(parts, shown, from, length, times, save) : [];
  const cuts = result.cuts.map((at) => {
    const title = `Cut in the picture at ${seconds(at)}`, mark = make("div", "", { className: "cut", role: "img", title, ariaLabel: title });
    mark.style.left = place(at);
    return mark;
  });
  const focused = [...$("timeline").children].indexOf(document.activeElement);
  $("timeline").replaceChildren(...blocks, ...cuts, ...handles, make("div", "", { className: "cursor" }));
  if (focused >= 0) $("timeline").children[focused]?.focus({ preventScroll: true });  // a border is moved by several keys
  $("timeline").classList.toggle("dense", $("timeline").clientWidth < 20 * handles.length);
  $("axis").replaceChildren(...ticks(result));
  $("told").textContent = told(result, shown, truth, parts, crowded) + (cuts.length ? " Dashed lines: the picture is cut there." : "");
  $("edit").textContent = shown.wordings ? `Edit these steps (wording ${shown.wording} of ${shown.wordings})` : "Edit these steps";
  $("edit").onclick = () => editSteps(shown.label, shown.wording);
  $("edit").hidden = !isListed(shown.label);
  drawJudgement();
  follow();
}

// Whose steps these are, where the answer has none, and what can be done with them.
function told(result, shown, truth, parts, crowded) {
  if (!parts.length)
    return result.label === null ? `No steps: ${shown.label} is the likeliest; the answer is refused.`
      : `No steps: ${shown.label} wins if no script fits better than the background.`;
  const refused = result.label === null && !sameLabel(shown.label, truth?.label);
  const whose = refused ? `These are the steps of ${shown.label}, the likeliest; the answer is refused. `
    : shown === result.candidates[0] ? "" : `These are the steps of ${shown.label}. `;
  if (crowded) return `${whose}The steps are too many to be corrected here.`;
  const how = matchMedia("(pointer: coarse)").matches ? "Drag the knob below a border between two steps"
    : "Drag a border between two steps, or move it with the arrow keys,";
  return `${whose}${how} to correct it.`;
}

let held = null;  // the border that a pointer has hold of; drawing anew would take it away

// A handle between each two steps, and one at each end.
function borders(parts, shown, from, length, times, save) {
  const all = [];
  const frame = length / Math.max(1, shown.affinity.length);
  for (let n = 0; n <= parts.length; n += 1) {
    const before = parts[n - 1], after = parts[n];
    const name = !before ? "Start of the first step" : !after ? "End of the last step"
      : `Border between step ${before.step + 1} and step ${after.step + 1}`;
    const handle = make("div", "", { className: "border", tabIndex: 0, role: "slider", ariaLabel: name,
      ariaValueMin: from.toFixed(2), ariaValueMax: (from + length).toFixed(2) });
    const now = () => after?.start ?? before.end;
    // A step lasts a frame at least, since one of no length can't be true; a shorter one isn't made longer,
    // which would push the border beyond its other neighbour or the clip's end.
    const least = () => before ? Math.min(now(), before.start + frame) : from;
    const most = () => after ? Math.max(now(), after.end - frame) : from + length;
    const draw = () => {
      const at = now();
      handle.style.left = `${100 * (at - from) / length}%`;
      Object.assign(handle, { ariaValueNow: at.toFixed(2), ariaValueText: seconds(at) });
    };
    const put = (time) => {
      const at = Math.min(most(), Math.max(least(), time));
      if (before) before.end = at;
      if (after) after.start = at;
      times();
      draw();
    };
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      // Where borders are close their handles overlap, and the uppermost need not be the one that is meant.
      const box = $("timeline").getBoundingClientRect(), timeAt = (e) => from + length * (e.clientX - box.left) / box.width;
      const away = (one) => Math.abs(one.now() - timeAt(event));
      const taken = all.reduce((a, b) => (away(b) < away(a) ? b : a));
      const off = taken.now() - timeAt(event);  // so that a border doesn't leap to the finger
      let moved = false;
      const drag = (e) => { moved = true; taken.put(timeAt(e) + off); };
      handle.setPointerCapture(event.pointerId);
      held = handle;
      handle.addEventListener("pointermove", drag);
      handle.addEventListener("lostpointercapture", () => {
        handle.removeEventListener("pointermove", drag);
        held = null;
        if (moved) save();
        else drawTimeline();
      }, { once: true });
    });
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -frame, ArrowRight: frame }[event.key];
      if (!by) return;
      event.preventDefault();
      put(now() + by);
      saveSoon(save);
    });
    draw();
    all.push({ handle, now, put });
  }
  return all.map((one) => one.handle);
}

// What the arrow keys moved is saved once they rest, another border of other steps is moved, or the page is left.
let timer = 0, unsaved = null;
function saveSoon(save) {
  if (save !== unsaved) saveNow();
  unsaved = save;
  clearTimeout(timer);
  timer = setTimeout(saveNow, 500);
}

function saveNow() {
  const save = unsaved;
  unsaved = null;
  save?.();
}

function drawJudgement() {
  const row = rowOf(state.result.clip), said = row ? judgement(row) : "", right = said.startsWith("✓");
  $("judging").hidden = !row;
  const times = row?.truth?.intervals?.length ? ", with your times of the steps" : "";
  $("truth").textContent = said ? `You said: ${said}${times}` : "Not judged yet.";
  $("undo").disabled = !row?.truth;
  $("right").disabled = $("wrong").disabled = state.result.label === null;
  $("right").ariaPressed = right;
  $("wrong").ariaPressed = said === "✗ wrong";
  const options = [make("option", "another action …", { value: "" }),
    ...candidates().map((c, n) => make("option", n < 9 ? `${n + 1}  ${c.label}` : n === 9 ? `0  ${c.label}` : c.label, { value: c.label })),
    ...(state.result.asked.none ? [make("option", state.result.asked.none, { value: state.result.asked.none })] : [])];
  $("other").replaceChildren(...options);
  // What was said may be no longer among the candidates.
  $("other").value = right ? "" : options.find((one) => sameLabel(one.value, row?.truth?.label))?.value ?? "";
}

// label null: the answer is wrong. Without a label at all what was said is taken back.
async function judge(label, intervals = [], clip = state.result?.clip) {
  if (!clip || !rowOf(clip)?.result) return;
  try {
    if (label === undefined) await call(`clips/${clip}/truth`, { method: "DELETE" });
    else await call(`clips/${clip}/truth`, { method: "PUT", json: { label, intervals }, keepalive: intervals.length < 500 });
    await refresh();
    if (state.result?.clip !== clip || held?.isConnected) return;
    drawTimeline();
    // What the page says of it above the steps may have pushed them off the screen, while they are being corrected.
    if (intervals.length) $("times").scrollIntoView({ block: "nearest" });
  } catch (error) { fail(error); }
}

// What an answer's key means; false where it means nothing.
function answerBy(key, row) {
  const kept = sameLabel(row.truth?.label, row.label) ? row.truth?.intervals : [];
  if (key === "r" && row.label) return judge(row.label, kept ?? [], row.clip);
  if (key === "w" && row.label) return judge(null, [], row.clip);
  if (key === "u") return judge(undefined, [], row.clip);
  const chosen = /^[0-9]$/.test(key) && candidates()[(Number(key) + 9) % 10];
  return chosen ? judge(chosen.label, [], row.clip) : false;
}

export function startJudging() {
  addEventListener("pagehide", saveNow);
  const press = (key) => { const row = rowOf(state.result?.clip); if (row) answerBy(key, row); };
  $("right").addEventListener("click", () => press("r"));
  $("wrong").addEventListener("click", () => press("w"));
  $("undo").addEventListener("click", () => press("u"));
  $("other").addEventListener("change", (event) => { if (event.target.value) judge(event.target.value); });
  $("work").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, textarea, select")) return;
    const row = rowOf(event.target.closest("#body tr")?.dataset.clip ?? state.result?.clip);
    if (row?.result && answerBy(event.key.toLowerCase(), row) !== false) event.preventDefault();
  });
}
