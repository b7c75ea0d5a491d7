// The page's state and what its controls do; `view.js` draws results.
import { call } from "./api.js";
import { follow, show } from "./view.js";

const $ = (id) => document.getElementById(id);
const state = { clip: null, result: null, compared: null, job: null, demos: [], limits: {}, edits: 0 };

function fail(error) { $("error").textContent = error.message; }
function say(text) { $("status").textContent = text; $("error").textContent = ""; }

function addCandidate({ label = "", steps = [] } = {}) {
  const number = $("candidates").children.length + 1, card = document.createElement("div");
  card.className = "candidate";
  const top = document.createElement("div"), name = document.createElement("input");
  const drop = document.createElement("button"), text = document.createElement("textarea");
  top.className = "top";
  Object.assign(name, { type: "text", value: label, placeholder: "Action, e.g. jump shot" });
  name.setAttribute("aria-label", `Candidate ${number}: action`);
  Object.assign(drop, { type: "button", textContent: "×", title: "Remove this candidate" });
  drop.setAttribute("aria-label", `Remove candidate ${number}`);
  Object.assign(text, { value: steps.join("\n"), rows: Math.max(3, 2 * steps.length), placeholder: "One step a line, in order" });
  text.setAttribute("aria-label", `Candidate ${number}: steps, one a line`);
  drop.addEventListener("click", () => { card.remove(); edited(); });
  card.addEventListener("input", edited);
  top.append(name, drop);
  card.append(top, text);
  $("candidates").append(card);
  return card;
}

function candidates() {
  return [...$("candidates").children].map((card) => ({
    label: card.querySelector("input").value.trim(),
    steps: card.querySelector("textarea").value.split("\n").map((s) => s.trim()).filter(Boolean),
  })).filter((c) => c.label);
}

function request() {
  return { clip: state.clip, candidates: candidates(), domain: $("domain").value.trim() || null };
}

function setCandidates(list) {
  $("candidates").replaceChildren();
  list.forEach(addCandidate);
}

function present(result) {
  const changed = state.result?.clip !== result.clip;
  state.result = result;
  show(result, state.compared ?? result.candidates[1]?.label, (label) => { state.compared = label; present(state.result); });
  const video = $("video"), source = `/api/clips/${result.clip}/video`;
  video.hidden = !result.clip;
  if (result.clip && (changed || !video.src.endsWith(source))) video.src = source;
  if (!result.clip) { video.removeAttribute("src"); say("This result's clip is no longer on the server; drop it here again to try other steps."); }
  const base = `/api/results/${result.result}`;
  $("json").href = base;
  $("png").href = `${base}/figure.png`;
  $("vtt").href = `${base}/captions.vtt`;
  $("link").href = `#${result.result}`;
}

let timer = 0;
function edited() {
  if (!state.clip || state.result?.clip !== state.clip || state.job) return;
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const mine = ++state.edits;
    if (!candidates().length) return;
    try {
      const result = await call("score", { method: "POST", json: request() });
      if (mine === state.edits) { say("Scored again."); present(result); }
    } catch (error) { if (mine === state.edits) fail(error); }
  }, 300);
}

function choose(clip, name) {
  state.clip = clip;
  $("chosen").textContent = name;
  for (const button of $("demos").children) button.setAttribute("aria-pressed", String(button.dataset.clip === clip));
}

async function upload(file) {
  if (!file) return;
  if (file.size > state.limits.upload_bytes) {
    fail(new Error(`${file.name} is larger than this server's limit of ${Math.round(state.limits.upload_bytes / 1e6)} MB; cut it or make it smaller.`));
    return;
  }
  say(`Uploading ${file.name} …`);
  try {
    const clip = await call(`clips?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
    choose(clip.clip, clip.name);
    say(`${clip.name}: ${clip.seconds.toFixed(1)} s`);
  } catch (error) { say(""); fail(error); }
}

async function align() {
  if (!state.clip) { fail(new Error("Pick a shipped clip or drop a video first.")); return; }
  if (!candidates().length) { fail(new Error("There are no candidates; name at least one action.")); return; }
  say("Waiting …");
  busy(true);
  try {
    let job = await call("jobs", { method: "POST", json: request() });
    state.job = job.job;
    while (job.state === "queued" || job.state === "running") {
      report(job);
      await new Promise((done) => setTimeout(done, 200));
      job = await call(`jobs/${job.job}`);
    }
    if (job.state === "failed") throw new Error(job.error);
    if (job.state === "cancelled") { say("Cancelled."); return; }
    present(await call(`results/${job.result}`));
    say("Done. Change a step and it is scored again at once.");
  } catch (error) { say(""); fail(error); } finally { state.job = null; busy(false); }
}

function busy(on) {
  $("align").disabled = on;
  $("cancel").hidden = !on;
  $("progress").hidden = !on;
}

function report(job) {
  const bar = $("bar");
  if (job.frames_total && job.frames_done) bar.value = Math.min(1, job.frames_done / job.frames_total);
  else bar.removeAttribute("value");
  $("count").textContent = job.state === "queued" ? "Waiting for its turn"
    : `${job.frames_done}${job.frames_total ? ` of about ${job.frames_total}` : ""} frames encoded`;
}

async function writeSteps() {
  const labels = candidates().map((c) => c.label);
  if (!labels.length) { fail(new Error("Name at least one action first.")); return; }
  say("Writing steps …");
  try {
    const found = await call("steps", { method: "POST", json: { labels, domain: $("domain").value.trim() || null } });
    for (const card of $("candidates").children) {
      const steps = found.scripts[card.querySelector("input").value.trim()], text = card.querySelector("textarea");
      if (steps && !text.value.trim()) text.value = steps.join("\n");
    }
    say(found.notes.join(" ") || "No steps are known for these actions; write them, one a line.");
    edited();
  } catch (error) { say(""); fail(error); }
}

async function linked() {
  const id = location.hash.slice(1);
  if (!id || id === state.result?.result) return;
  try {
    const result = await call(`results/${encodeURIComponent(id)}`);
    choose(result.clip, result.doc_id);
    $("domain").value = result.domain ?? "";
    setCandidates(result.candidates.map(({ label, steps }) => ({ label, steps })));
    present(result);
  } catch (error) { fail(error); }
}

async function start() {
  const info = await call("info");
  Object.assign(state, { demos: info.demos, limits: info.limits });
  $("model").textContent = `encoder ${info.model}, version ${info.version}`;
  $("write").textContent = info.writes_steps ? "Write the missing steps" : "Fill in known steps";
  for (const demo of info.demos) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: demo.clip.replaceAll("-", " ") });
    button.dataset.clip = demo.clip;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      choose(demo.clip, demo.clip);
      $("domain").value = demo.domain;
      setCandidates(demo.candidates);
      say("");
    });
    $("demos").append(button);
  }
  addCandidate();
  addCandidate();
  await linked();
}

$("add").addEventListener("click", () => addCandidate().querySelector("input").focus());
$("align").addEventListener("click", align);
$("write").addEventListener("click", writeSteps);
$("cancel").addEventListener("click", () => state.job && call(`jobs/${state.job}`, { method: "DELETE" }).catch(fail));
$("file").addEventListener("change", (event) => upload(event.target.files[0]));
$("domain").addEventListener("input", edited);
const drop = $("drop");
for (const name of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop") upload(event.dataTransfer.files[0]);
  });
}
const tick = () => { follow(); if (!$("video").paused) requestAnimationFrame(tick); };
for (const name of ["play", "seeked", "timeupdate"]) $("video").addEventListener(name, tick);
addEventListener("hashchange", linked);
start().catch(fail);
