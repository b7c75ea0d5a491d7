// Draws one result: verdict, ranking, frames; `maps.js` and `timeline.js` draw the rest.
import { stepsAdvice } from "./candidates.js";
import { heatMaps, performed, repeated, span, times } from "./maps.js";
import { placeBoxes } from "./people.js";
import { $, make, makeButton, percent, rowOf, score, seconds, state } from "./state.js";

// compared: labels that are shown beside the winner.
export function show(result, compared, onCompare) {
  const [best] = result.candidates;
  $("empty").hidden = $("unaligned").hidden = true;
  $("found").hidden = false;
  const verdict = $("verdict"), refused = result.label === null;
  verdict.replaceChildren(make("strong", refused ? "No label" : times(best)), !refused && result.tag ? ` (${result.tag})` : "");
  const sure = result.confidence, least = result.min_confidence, known = sure !== undefined;
  const why = known ? `its confidence is ${percent(sure, least)}, below ${percent(least, sure)}` : `${best.none ? "the words that it is compared with" : "its words"} are unknown`;
  const confidence = refused ? `${best.label} is likeliest, but ${why}; ` : known ? `confidence ${percent(sure)}, ` : "";
  const margin = result.margin === null ? "only one candidate"
    : `${score(result.margin)} ahead of ${result.candidates[1].label}`;
  verdict.append(make("small", `${rowOf(result.clip)?.name ?? result.doc_id}: ${confidence}score ${score(best.score)}, ${margin}; ${result.frames} frames`
    + (result.people_seen ? `; ${result.people_seen}` : "")
    + (best.wordings ? `; steps of wording ${best.wording} of ${best.wordings}, which fits best` : "")));
  drawNotes(result);
  drawRanking(result, compared, onCompare);
  heatMaps(result, result.candidates.filter((c) => c.path && (c === best || compared.has(c.label))), seek);
  drawFrames(result, best);
}

export function drawNotes(result) {
  const without = result.candidates.filter((c) => c.has_script === false && c.path).map((c) => c.label);
  const notes = [...(result.long_note ? [result.long_note] : []), ...(result.warnings ?? []), ...(result.text_warnings ?? []).map((one) => one.warning)];
  if (without.length) notes.push(`No script: ${without.join(", ")}. Only the name is compared; ${stepsAdvice(without)}.`);
  $("warnings").replaceChildren(...notes.map((text) => make("li", text)));
}

export function seek(time) { $("video").currentTime = time + 0.001; follow(); }

const share = (one, least) => one.confidence === undefined ? "" : `${percent(one.confidence, least)}, score `;

function drawRanking(result, compared, onCompare) {
  const least = result.label === null ? result.min_confidence : undefined;
  const scores = result.candidates.map((c) => c.score), low = Math.min(0, ...scores), high = Math.max(...scores);
  $("ranking").replaceChildren(...result.candidates.map((c, n) => {
    const button = makeButton("", () => {
      onCompare(c.label);
      $("ranking").children[n].querySelector("button").focus();
    }, { title: n ? "Compare with the winner" : "The winner", ariaPressed: n === 0 || compared.has(c.label) });
    const fill = make("span", "", { className: "fill" }), track = make("span", "", { className: "track" });
    fill.style.width = `${high > low ? 100 * (c.score - low) / (high - low) : 0}%`;
    track.append(fill);
    button.append(make("span", c.label), make("span", share(c, n ? undefined : least) + score(c.score), { className: "score" }), track);
    const item = make("li");
    item.append(button);
    return item;
  }));
}

function drawFrames(result, best) {
  if (!best.path) {
    $("frames").replaceChildren(make("p", "No frames: no script fits better than the background.", { className: "hint" }));
    return;
  }
  const all = performed(best).flat(), at = result.pts_seconds;
  const within = (t, k) => all.some((s) => s.k === k && s.start_seconds <= at[t] && at[t] < s.end_seconds);
  const cells = repeated(best)
    ? at.flatMap((_, t) => best.steps.map((_, k) => [t, k])).filter(([t, k]) => within(t, k)) : best.path;
  $("frames").replaceChildren(...best.steps.map((name, k) => {
    if (!all.some((s) => s.k === k)) return make("p", `${k + 1}. ${name} (not in the clip)`, { className: "hint" });
    let top = 0, found = -Infinity;
    for (const [t, step] of cells) {
      if (step === k && best.affinity[t][k] > found) { found = best.affinity[t][k]; top = t; }
    }
    const time = result.pts_seconds[top];
    const button = makeButton("", () => seek(time));
    if (result.clip) button.append(make("img", "", { alt: "", src: `/api/clips/${result.clip}/frame?t=${time}` }));
    button.append(make("span", `${k + 1}. ${name} (${seconds(time)})`));
    return button;
  }));
}

export function follow() {
  if (!state.result) return;
  const [from, length] = span(state.result), now = $("video").currentTime;
  placeBoxes();
  const place = `${Math.min(100, Math.max(0, 100 * (now - from) / length))}%`;
  for (const cursor of document.querySelectorAll(".cursor")) cursor.style.left = place;
  for (const map of document.querySelectorAll(".map")) {
    Object.assign(map, { ariaValueNow: now.toFixed(2), ariaValueText: seconds(now) });
  }
  for (const step of document.querySelectorAll("#timeline button")) {
    step.classList.toggle("now", now >= Number(step.dataset.start) && now < Number(step.dataset.end));
  }
}
