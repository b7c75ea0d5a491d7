// Moments in clips: by a phrase in all that are encoded, by the candidates in the open one.
import { call } from "./api.js";
import { candidates } from "./candidates.js";
import { request } from "./queue.js";
import { $, fail, ids, make, seconds, state } from "./state.js";
import { seek } from "./view.js";

function moment(text, more, picture, go) {
  const item = make("li"), button = make("button", "", { type: "button" });
  if (picture) button.append(make("img", "", { alt: "", loading: "lazy", src: picture }));
  const said = make("span", text);
  if (more) said.append(make("small", more));
  button.append(said);
  button.addEventListener("click", go);
  item.append(button);
  return item;
}

async function search(open) {
  const phrase = $("phrase").value.trim();
  if (!phrase) { $("search-note").textContent = "Type a phrase first."; return; }
  const found = await call("search", { method: "POST", json: { phrase, clips: ids() } });
  $("search-note").textContent = [...found.notes, found.moments.length
    ? `The best ${found.moments.length} moments of ${found.clips} encoded ${found.clips === 1 ? "clip" : "clips"}.`
    : "The encoder recognised nothing in these clips, so there are no moments."].join(" ");
  $("hits").replaceChildren(...found.moments.map((m) => moment(
    m.name, `${m.start_seconds.toFixed(1)} to ${seconds(m.end_seconds)}, similarity ${m.score.toFixed(3)}`,
    `/api/clips/${m.clip}/frame?t=${m.best_seconds}`,
    async () => { await open(m.clip); seek(m.start_seconds); })));
}

async function locate() {
  if (!candidates().length) throw new Error("There are no candidates; name at least one action.");
  const { result, clip } = state.result;
  const shown = () => state.result?.result === result;  // else there is another clip, or this one with other candidates
  $("located").replaceChildren(make("li", "Looking …"));
  let detections;
  try {
    ({ detections } = await call("locate", { method: "POST", json: request(clip) }));
  } catch (error) {
    if (shown()) $("located").replaceChildren();
    throw error;
  }
  if (!shown()) return;
  $("located").replaceChildren(...detections.map((d) => moment(
    `${d.start_seconds.toFixed(1)} to ${seconds(d.end_seconds)}: ${d.label}`, "", null, () => seek(d.start_seconds))));
  if (!detections.length) $("located").append(make("li", "No candidate stands out at any time. "
    + "The clip's moments are compared with each other, so it should be much longer than the action; for a clip of a single action, use the answer above."));
}

export function startMoments(open) {
  $("search").addEventListener("submit", (event) => { event.preventDefault(); search(open).catch(fail); });
  $("locate").addEventListener("click", () => locate().catch(fail));
}
