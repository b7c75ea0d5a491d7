// Moments in clips: by a phrase in all that are encoded, by the candidates in the open one.
import { call } from "./api.js";
import { candidates } from "./candidates.js";
import { request } from "./queue.js";
import { span } from "./maps.js";
import { $, counted, fail, ids, make, makeButton, seconds, state } from "./state.js";
import { look } from "./timeline.js";
import { seek } from "./view.js";

const AT_ONCE = 30;  // moments that are added to those that are shown

function moment(text, more, picture, go) {
  const item = make("li"), button = makeButton("", go);
  if (picture) button.append(make("img", "", { alt: "", loading: "lazy", src: picture }));
  const said = make("span", text);
  if (more) said.append(make("small", more));
  button.append(said);
  item.append(button);
  return item;
}

async function search(open) {
  const phrase = $("phrase").value.trim();
  if (!phrase) { $("search-note").textContent = "Type a phrase first."; return; }
  const found = await call("search", { method: "POST", json: { phrase, clips: ids() } });
  $("hits").replaceChildren();
  showHits(found, open);
}

// The next moments of those that were found.
function showHits(found, open) {
  const { moments, notes, clips, per_clip: each, most } = found, shown = $("hits").children.length;
  $("hits").append(...moments.slice(shown, shown + AT_ONCE).map((m) => moment(
    m.name, `${m.start_seconds.toFixed(1)} to ${seconds(m.end_seconds)}, similarity ${m.score.toFixed(3)}`,
    `/api/clips/${m.clip}/frame?t=${m.best_seconds}`,
    async () => { await open(m.clip); seek(m.start_seconds); })));
  const now = $("hits").children.length, left = moments.length - now;
  const count = `${left ? `The best ${now} of ` : ""}${counted(moments.length, "moment")}`;
  $("search-note").textContent = [...notes, moments.length
    ? `${count} in ${counted(clips, "encoded clip")}, best first; at most ${each} of each clip and ${most} in all.`
    : "The encoder recognised nothing in these clips, so there are no moments."].join(" ");
  $("more-hits").hidden = !left;
  $("more-hits").textContent = `Show ${Math.min(AT_ONCE, left)} more`;
  $("more-hits").onclick = () => {
    showHits(found, open);
    $("hits").children[now].querySelector("button").focus();
  };
}

export function forgetLocated() {
  $("located").replaceChildren();
  $("strip").replaceChildren();
}

// The lane of each mark, from below, so that none lies over another.
function lanes(detections) {
  const ends = [], found = [];
  for (const [n, d] of [...detections.entries()].sort(([, a], [, b]) => a.start_seconds - b.start_seconds)) {
    const free = ends.findIndex((end) => end <= d.start_seconds);
    found[n] = free < 0 ? ends.length : free;
    ends[found[n]] = d.end_seconds;
  }
  return found;
}

async function locate() {
  if (!candidates().length) throw new Error("There are no candidates; name at least one action.");
  const { result, clip } = state.result;
  const shown = () => state.result?.result === result;  // else there is another clip, or this one with other candidates
  forgetLocated();
  $("located").append(make("li", "Looking …", { className: "note" }));
  let detections;
  try {
    ({ detections } = await call("locate", { method: "POST", json: request(clip) }));
  } catch (error) {
    if (shown()) forgetLocated();
    throw error;
  }
  if (!shown()) return;
  const labels = [...new Set(detections.map((d) => d.label))], [from, length] = span(state.result);
  const go = (d) => () => seek(d.start_seconds);
  const background = (d) => look(labels.indexOf(d.label)), lane = lanes(detections), count = Math.max(0, ...lane) + 1;
  const text = (d) => `${d.start_seconds.toFixed(1)} to ${seconds(d.end_seconds)}: ${d.label}`;
  $("located").replaceChildren(...detections.map((d) => {
    const item = moment(text(d), d.weak ? "weak" : "", null, go(d));
    const swatch = make("i", "", { className: "swatch", ariaHidden: "true" });
    swatch.style.background = background(d);
    item.firstChild.prepend(swatch);
    return item;
  }));
  // The list has the same as buttons.
  $("strip").style.setProperty("--lanes", count);
  $("strip").replaceChildren(...detections.map((d, n) => {
    const mark = make("span", "", { title: text(d) });
    mark.classList.toggle("weak", d.weak);
    Object.assign(mark.style, { background: background(d), bottom: `${100 * lane[n] / count}%`, left: `${100 * (d.start_seconds - from) / length}%`,
      width: `${100 * (d.end_seconds - d.start_seconds) / length}%` });
    mark.addEventListener("click", go(d));
    return mark;
  }));
  if (!detections.length) $("located").append(make("li", "No candidate stands out at any time. "
    + "The clip's moments are compared with each other, so it should be much longer than the action; for a clip of a single action, use the answer above.", { className: "note" }));
}

export function startMoments(open) {
  $("search").addEventListener("submit", (event) => { event.preventDefault(); search(open).catch(fail); });
  $("locate").addEventListener("click", () => locate().catch(fail));
}
