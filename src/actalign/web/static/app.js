// Puts the page together: what the open clip is, what is kept over a reload, and what buttons do.
import { call, Unanswered } from "./api.js";
import { candidates, filled, offer, setCandidates, setOptions, startCandidates } from "./candidates.js";
import { drawCode } from "./code.js";
import { forgetLocated, startMoments } from "./moments.js";
import { drawPeople, placeBoxes } from "./people.js";
import { align, finished, keepAgain, keepEdit, refresh, request, resume, startQueue, unsentRows, uploaded } from "./queue.js";
import { $, counted, fail, ids, isOpen, keep, kept, makeButton, rowOf, say, settled, state } from "./state.js";
import { drawTable, startTable } from "./table.js";
import { drawTimeline, startJudging } from "./timeline.js";
import { drawNotes, follow, show } from "./view.js";

function choose(clip) {
  state.open = clip;
  if (state.result?.clip !== clip && !rowOf(clip)?.result) clearResult(rowOf(clip));
  keep({ open: clip });
  drawChosen();
  const demos = [...$("demos").children];
  for (const button of demos) button.ariaPressed = button.dataset.clip === clip;
  // Who has clips needs the place for candidates.
  if (clip && !demos.some((button) => button.dataset.clip === clip)) $("try").open = false;
  drawTable();
}

function drawChosen() {
  const count = ids().length, name = rowOf(state.open)?.name, clips = counted(count, "clip");
  $("chosen").textContent = !count ? "No file chosen" : !name ? clips : count > 1 ? `${clips}; open: ${name}` : name;
  $("align-one").hidden = !name || count < 2;
}

// Another clip's result would be taken for this one's. row: the clip that is open and has none, if any.
function clearResult(row) {
  state.result = null;
  $("found").hidden = true;
  $("empty").hidden = false;
  $("unaligned").hidden = !row;
  $("unaligned").textContent = row ? row.error ?? `${row.name} is not aligned yet.` : "";
  $("video").pause();
}

let compared = null;  // the labels whose maps are shown beside the winner's; null for the runner-up's
function present(result) {
  if (location.hash !== `#${result.result}`) unlink();
  if (state.result?.result !== result.result) forgetLocated();
  if (state.result?.whole !== result.whole) $("moments").open = Boolean(result.long_note);
  state.result = result;
  compared ??= new Set([result.candidates[1]?.label]);
  show(result, compared, (label) => {
    if (!compared.delete(label)) compared.add(label);
    present(state.result);
  });
  drawTimeline();
  drawCode();
  const video = $("video"), whole = `/api/clips/${result.whole}/`;
  video.hidden = !result.clip;
  $("preview").hidden = !video.src.includes(`${whole}preview`);
  if (!result.clip) {
    video.removeAttribute("src");
    say("This result's clip is no longer on the server; drop it here again to try other steps.");
  } else if (!video.src.includes(whole)) video.src = `${whole}video`;
  drawPeople(result, person);
  const stem = result.doc_id.replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "-");
  for (const [id, file, ending] of [["json", "", "json"], ["csv", "/steps.csv", "steps.csv"], ["png", "/figure.png", "png"],
    ["vtt", "/captions.vtt", "vtt"], ["srt", "/captions.srt", "srt"]])
    Object.assign($(id), { href: `/api/results/${result.result}${file}`, download: `${stem}.${ending}` });
  $("link").href = `#${result.result}`;
}

// Whether these parts can be seen without scrolling; if not, the result is brought there.
function bringIntoSight(...parts) {
  const boxes = parts.map((part) => $(part).getBoundingClientRect());
  if (boxes.some((box) => box.top < 0 || box.bottom > innerHeight)) $("result").scrollIntoView();
}

// One of many clips leaves the table in sight, in which the others appear.
async function aligned(clip, result, many = false) {
  choose(clip);
  compared = null;
  const found = await call(`results/${result}`);
  if (state.open !== clip) return;  // another was chosen meanwhile
  present(found);
  bringIntoSight("verdict", ...(many ? [] : ["axis"]));
}

async function open(row) {
  if (!row.clip) return;
  choose(row.clip);
  if (!row.result) {
    unlink();
    say(row.error ? "" : `${row.name} ${row.state === "waiting" ? "waits for its turn." : "is not aligned yet; press Align."}`);
    saidBefore = $("status").textContent;  // it is no word on a change, and over once the clip is aligned
    if (row.error) fail(new Error(row.error));
    return;
  }
  try { await aligned(row.clip, row.result); } catch (error) { fail(error); }
}

async function person({ clip, name }) {
  try {
    if (!rowOf(clip)) {
      state.rows.push({ clip, name });
      await refresh();
    }
    await open(rowOf(clip));
  } catch (error) { fail(error); }
}

// The address names another result, or other candidates: after a reload it would bring them back.
function unlink() {
  if (location.hash) history.replaceState(null, "", location.pathname);
}

let timer = 0, edits = 0, editedMeanwhile = false, scoring = null, saidBefore = "";
// What was said after the last change, such as how a list was read.
const saidSince = () => ($("status").textContent === saidBefore ? "" : $("status").textContent);
function edited() {
  saidBefore = $("status").textContent;
  unlink();
  scoreAgain();
}

function scoreAgain() {
  editedMeanwhile = state.busy;  // then it is scored when what runs has ended
  if (state.busy && state.result?.clip === state.open) keepAgain(state.open);
  if (!state.open || state.result?.clip !== state.open || state.busy) return;
  keepEdit(state.open);
  clearTimeout(timer);
  timer = setTimeout(scoreEdited, 300, state.open, ++edits);
}

async function scoreEdited(clip, mine) {
  const over = () => { if (!state.busy) keep({ job: null }); };  // what runs now is another's
  await scoring?.catch(() => {});  // changes that follow one another meanwhile are scored once, after the last
  if (mine !== edits) return;
  if (!candidates().length) { over(); return; }
  try {
    scoring = call("score", { method: "POST", json: request(clip) });
    const result = await scoring;
    if (mine !== edits) return;
    over();
    await refresh();
    if (state.open === clip) present(result);
    say(`${saidSince()} Scored again.`.trim());
  } catch (error) {
    if (mine !== edits) return;
    say(saidSince());  // what was said before, such as "Done", is over
    fail(error);
    if (error instanceof Unanswered) return;
    over();
    refresh().catch(fail);  // the table says so too
  }
}

function close() {
  unlink();
  state.open = null;
  clearResult();
}

function remove(...rows) {
  state.rows = state.rows.filter((one) => !rows.includes(one));
  if (rows.some(isOpen)) close();
  drawChosen();
  keep({ clips: ids(), open: state.open });
  drawTable();
  refresh().catch(fail);
}

async function linked() {
  const id = location.hash.slice(1);
  if (!id || id === state.result?.result) return;
  try {
    const result = await call(`results/${encodeURIComponent(id)}`);
    if (result.clip && !rowOf(result.clip)) {
      state.rows.push({ clip: result.clip, name: result.doc_id });
      await refresh();
    }
    choose(result.clip);
    if (!result.clip) $("chosen").textContent = result.doc_id;
    setOptions(result.asked);
    setCandidates(result.asked.candidates, result.asked.domain);
    compared = null;
    present(result);
  } catch (error) { fail(error); }
}

function demoButton(demo) {
  const button = makeButton(demo.clip.replaceAll("-", " "), async () => {
    if (!rowOf(demo.clip)) state.rows.push({ clip: demo.clip, name: demo.clip });
    setCandidates(demo.candidates, demo.domain);
    say("");
    try { await refresh(); } catch (error) { fail(error); return; }
    if (rowOf(demo.clip)) await open(rowOf(demo.clip));
  }, { ariaPressed: false });
  button.dataset.clip = demo.clip;
  return button;
}

async function restore(info) {
  const before = kept(), clips = [...new Set([...info.folder_clips, ...(before.clips ?? [])])];
  state.rows = clips.map((clip) => ({ clip, name: "" }));
  setOptions(before);
  setCandidates(before.candidates ?? [], before.domain);
  state.rows.push(...unsentRows());
  const gone = await refresh();
  if (gone) say(`${gone} ${gone === 1 ? "clip is" : "clips are"} no longer on the server; drop them here again.`);
  drawChosen();
  if (info.folder_clips.length) $("try").open = false;
  const row = rowOf(before.open);
  if (row) choose(row.clip);
  if (row?.result && !location.hash) { compared = null; present(await call(`results/${row.result}`)); }
}

function wire() {
  startCandidates({ edited, asked: () => { if (state.result) drawNotes(state.result); } });
  startQueue({
    aligned,
    // What was changed just before is scored with the rest; a second answer would only replace what is said of it.
    started: () => { clearTimeout(timer); edits += 1; editedMeanwhile = false; },
    // What was said of a change made meanwhile; null where there was none.
    noted: () => (editedMeanwhile ? saidSince() : null),
    ended: () => { if (editedMeanwhile) scoreAgain(); },
    chosen: (clip) => choose(rowOf(state.open)?.result && ids().length > 1 ? state.open : clip),
  });
  startTable({ open, remove });
  startJudging();
  startMoments((clip) => open(rowOf(clip)));
  // Align is for all clips, also those that are still on their way, and comes after what is aligned meanwhile.
  $("align").addEventListener("click", async () => {
    $("align").disabled = state.waits = true;
    await Promise.all([filled(), uploaded()]);
    while (state.busy) await finished();
    if (!state.waits) return;  // cancelled
    $("align").disabled = state.waits = false;
    // The open clip is the one whose answer is waited for.
    align(ids().sort((a, b) => (b === state.open) - (a === state.open)));
  });
  $("align-one").addEventListener("click", async () => {
    await filled();
    if (!state.busy) align(ids().filter((clip) => clip === state.open));
  });
  $("clear").addEventListener("click", () => { close(); remove(...state.rows); });
  const video = $("video");
  const preview = () => {
    const clip = state.result?.whole;
    if (!clip || video.src.includes("/preview")) return;
    video.src = `/api/clips/${clip}/preview`;
    $("preview").hidden = false;
  };
  video.addEventListener("error", () => { if (video.hasAttribute("src")) preview(); });
  video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) preview(); });
  const tick = () => { follow(); if (!video.paused) requestAnimationFrame(tick); };
  for (const name of ["play", "seeked", "timeupdate"]) video.addEventListener(name, tick);
  video.addEventListener("loadedmetadata", placeBoxes);
  addEventListener("resize", placeBoxes);
  addEventListener("hashchange", linked);
}

async function start() {
  const info = await call("info");
  state.info = info;
  offer();
  $("model").textContent = `encoder ${info.model}, version ${info.version}`
    + (info.folder ? `; corrections of the clips in the folder “${info.folder}” are saved in its truth.jsonl`
      : "; what you drop and correct here is kept until the server stops, so download it before");
  const { upload_bytes: bytes, seconds, clips } = info.limits;
  $("limits").textContent = `At most ${clips} clips of ${Math.round(bytes / 1e6)} MB and ${Math.round(seconds / 60)} minutes each. `
    + "Longer videos: actalign serve FOLDER, or actalign locate.";
  if (info.writes_steps) $("write").textContent = "Write the missing steps";
  $("demos").append(...info.demos.map(demoButton));
  await settled;
  await restore(info);
  await linked();
  await resume();
}

wire();
start().catch(fail);
