// Uploads and alignments, one after another, with their progress; one that fails stops no other.
import { call, Unanswered } from "./api.js";
import { candidates, domain, isNumbered, options } from "./candidates.js";
import { $, asQuery, fail, ids, keep, kept, make, rowOf, say, seconds, state } from "./state.js";
import { drawAccuracy, drawTable } from "./table.js";

let acts = {};
let cancelled = false;
let began = 0;
let running = null;  // the id of the job that the server works on

// The rows again as the server has them; those that it no longer has are counted.
export async function refresh() {
  const known = ids();
  if (!known.length) { drawTable(); drawAccuracy({ total: 0 }); return 0; }
  const found = await call(`clips?${asQuery(known)}`);
  // A clip of several people is told as these, which take its place. There may be thousands.
  const told = new Map();
  for (const one of found.clips) {
    for (const id of new Set([one.clip, one.whole])) told.set(id, [...(told.get(id) ?? []), one]);
  }
  const of = (id) => told.get(id) ?? [];
  const gone = known.filter((id) => !of(id).length), taken = new Set();
  const before = new Map(state.rows.map((row) => [row.clip, row.state]));
  if (known.includes(state.open) && !gone.includes(state.open)) state.open = of(state.open)[0].clip;
  state.rows = state.rows.flatMap((row) => (row.clip ? of(row.clip) : [row]))
    .filter((one) => !one.clip || (!taken.has(one.clip) && taken.add(one.clip)))
    .map((one) => (one.clip ? { ...one, state: before.get(one.clip) } : one));
  keep({ clips: ids(), open: state.open });
  drawTable();
  drawAccuracy(found.accuracy);
  return gone.length;
}

// How long the browser says that a file lasts; null where it can't play it.
function lengthOf(file) {
  return new Promise((done) => {
    const video = make("video", "", { preload: "metadata", muted: true }), source = URL.createObjectURL(file);
    const end = (value) => { URL.revokeObjectURL(source); done(Number.isFinite(value) ? value : null); };
    video.addEventListener("loadedmetadata", () => end(video.duration));
    video.addEventListener("error", () => end(null));
    setTimeout(() => end(null), 3000);
    video.src = source;
  });
}

async function refusal(file) {
  const { upload_bytes: bytes, seconds: longest } = state.info.limits;
  if (file.size > bytes) {
    return `${file.name} is larger than this server's limit of ${Math.round(bytes / 1e6)} MB; cut it or make it smaller.`;
  }
  const length = await lengthOf(file);
  if (length === null || length <= longest) return null;
  return `${file.name} lasts ${Math.round(length)} s, but this server takes clips of at most ${longest} s; cut it first, or use \`actalign locate\`, or \`actalign classify --window 5\`, which read videos of any length.`;
}

const keepUnsent = (files) => keep({ unsent: files.map((file) => file.name) });

// The files that were not uploaded when the page was left, as rows that say so.
export function unsentRows() {
  const names = kept().unsent ?? [];
  keepUnsent([]);
  return names.map((name) => ({ clip: null, name, state: null, error: "The page was left before this file was uploaded; drop it here again." }));
}

// Resolves when the files that are being uploaded are there.
let uploading = Promise.resolve();
export const uploaded = () => uploading;

function upload(files) {
  const one = uploadAll(files);
  uploading = Promise.allSettled([uploading, one]);
  return one;
}

async function uploadAll(files) {
  const rows = files.map((file) => ({ clip: null, name: file.name, state: "waiting" }));
  state.rows.push(...rows);
  drawTable();
  let taken = 0, last = null;
  const unsent = new Set(files);
  const settled = (file) => { unsent.delete(file); keepUnsent([...unsent]); };
  keepUnsent(files);
  for (const [n, file] of files.entries()) {
    const row = rows[n];
    try {
      const why = await refusal(file);
      if (why) throw new Error(why);
      row.state = "uploading";
      drawTable();
      say(`Uploading ${file.name}${files.length > 1 ? `, ${n + 1} of ${files.length}` : ""} …`);
      const clip = await call(`clips?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      settled(file);
      const at = state.rows.indexOf(row);
      if (at < 0) continue;  // removed meanwhile
      state.rows[at] = { ...clip, error: null, truth: null, result: null };
      keep({ clips: ids() });
      last = clip;
      taken += 1;
    } catch (error) {
      if (!(error instanceof Unanswered)) settled(file);  // which the page that is left throws, too
      row.state = null;
      row.error = error.message;
      say("");
      fail(error);
    }
    drawTable();
  }
  const fault = $("error").textContent;
  if (last && files.length > 1) say(`${taken} of ${files.length} clips uploaded.`);
  else if (last) say(`${last.name}: ${seconds(last.seconds)}`);
  if (fault) $("error").textContent = fault;
  if (last) acts.chosen(last.clip);
}

export function request(clip) { return { clip, candidates: candidates(), domain: domain(), ...options() }; }

// The clip under way: its job, or null where it is encoded already and only scored. answered: the server has the job.
function keepWork(job, clip, waiting = [], since = Date.now(), answered = false) {
  keep({ job: { id: job, clip, began: since, waiting, answered, again: kept().job?.again } });
}

// The open clip is to be scored again after what is under way, as its candidates were just changed.
export function keepAgain(clip) {
  const { job } = kept();
  if (job) keep({ job: { ...job, again: clip } });
}

// The open clip, whose candidates were just changed, is to be scored, whatever becomes of the page.
export function keepEdit(clip) { keepWork(null, clip); }

// What was under way when the page was left goes on: the job is followed to its end, asked for again where no answer
// came, or the clip is scored, and then the clips that waited. A server that was started anew knows neither job nor embedding.
export async function resume() {
  const { job } = kept();
  if (!job || state.busy) return;  // Align may have been pressed meanwhile
  const found = job.answered ? await call(`jobs/${job.id}`).catch(() => null) : null;
  const clips = [...new Set([job.clip, ...(job.waiting ?? []), job.again])].filter(rowOf);
  const there = job.id ? found || !job.answered : clips.some((clip) => rowOf(clip).encoded);
  if (there && clips.length) {
    await run(clips, true, job.id && clips[0] === job.clip ? { ...found, job: job.id, began: job.began } : null);
  } else keep({ job: null });
}

// Align these clips with the present candidates; the open one is shown as soon as it is there.
export async function align(clips) {
  if (!clips.length) { fail(new Error("Pick a demo clip or drop a video first.")); return; }
  if (!candidates().length) { fail(new Error("There are no candidates; name at least one action.")); return; }
  if (!isNumbered()) { $("repetitions").focus(); return; }  // beside it stands what is wrong
  await run(clips);
}

// Resolves when what is being aligned has ended.
let work = Promise.resolve();
export const finished = () => work;

function run(...asked) {
  work = alignEach(...asked);
  return work;
}

// left: these are the clips that a reload has left to do. resumed: the job of the first one, where it has one already.
async function alignEach(clips, left = false, resumed = null) {
  const many = left ? `the ${clips.length} clips that are left` : `${clips.length} clips`;
  say(clips.length > 1 ? `Aligning ${many} …` : "Aligning …");
  $("count").textContent = "";
  $("bar").removeAttribute("value");
  cancelled = false;
  began = resumed?.began ?? Date.now();
  busy(true);
  acts.started();
  let over = false;
  const faults = [];
  for (const row of clips.map(rowOf).filter(Boolean)) row.state = "waiting";
  try {
    for (const [n, clip] of clips.entries()) {
      const row = rowOf(clip);
      if (cancelled) break;
      if (!row) continue;
      row.state = "aligning";
      drawTable();
      try {
        const job = n ? null : resumed;
        const results = row.encoded && !job ? await scored(clips, n) : await encoded(clips, n, job);
        row.state = null;
        if (!results.length) break;
        const wanted = !rowOf(state.open)?.result || clip === state.open;
        await refresh();  // first, so that what was said of the clip is held against its new answer
        const shown = state.rows.find((one) => one.clip === clip || one.whole === clip)?.clip;
        if (wanted && shown) await acts.aligned(shown, results[0], clips.length > 1);
      } catch (error) {
        row.state = null;
        row.error = error.message;
        faults.push({ name: row.name, error });
        await refresh();
      }
    }
    keep({ job: null });  // not where the page is being left, whose requests fail
    over = true;
    if (cancelled) say("Cancelled.");
    else if (faults.length) {
      const { name, error } = faults.at(-1), alike = faults.every((one) => one.error.message === error.message);
      say(clips.length > 1 ? `${clips.length - faults.length} of ${many} aligned.` : "");
      // What all clips have in common is of none of them.
      const common = (alike && faults.length === clips.length) || error.message.includes(name);
      fail(common ? error : new Error(`${name}: ${error.message}`));
    } else say(acts.noted() ?? `Done. Change a step and ${clips.length > 1 ? "the open clip" : "it"} is scored again at once.`);
  } catch (error) { say(""); fail(error); } finally {
    running = null;
    for (const row of state.rows) if (row.state === "waiting") row.state = null;
    busy(false);
    drawTable();
    if (over) acts.ended();  // else the clips that wait are still kept for a reload
  }
}

// The id of its result, of a clip that is encoded.
async function scored(clips, n) {
  keepWork(null, clips[n], clips.slice(n + 1));
  $("bar").value = n / clips.length;
  $("count").textContent = `${which(n, clips.length)}scoring`;
  return [(await call("score", { method: "POST", json: request(clips[n]) })).result];
}

const newId = () => [...crypto.getRandomValues(new Uint8Array(8))].map((n) => n.toString(16).padStart(2, "0")).join("");

// The ids of its results, one a person; none where it was cancelled. The page gives the job its id and keeps that
// first, so that it finds the job again where it is left before the answer: asked for twice, it is one job.
async function encoded(clips, n, resumed) {
  const id = resumed?.job ?? newId();
  const keepJob = (answered) => keepWork(id, clips[n], clips.slice(n + 1), resumed?.began, answered);
  let job = resumed;
  if (!job?.state) {
    keepJob(false);
    job = await call("jobs", { method: "POST", json: { ...request(clips[n]), job: id } });
  }
  running = id;
  keepJob(true);
  if (cancelled) cancel();  // before the server had named it
  while (job.state === "queued" || job.state === "running") {
    report(job, n, clips.length);
    await new Promise((done) => setTimeout(done, 200));
    job = await call(`jobs/${job.job}`);
  }
  running = null;
  if (job.state === "failed") throw new Error(job.error);
  return cancelled || job.state === "cancelled" ? [] : job.results;
}

function cancel() {
  cancelled = true;
  state.waits = false;
  if (running) call(`jobs/${running}`, { method: "DELETE" }).catch(fail);
}

let pressed = false;  // the last thing that was pressed is one of the buttons that go while clips are aligned

function busy(on) {
  state.busy = on;
  $("align").disabled = on || state.waits;
  $("align-one").disabled = on;
  $("cancel").hidden = !on;
  $("progress").hidden = !on;
  // The focus was lost with the button that was pressed and then couldn't be; who works by keys goes on there.
  if (!on && pressed && document.activeElement === document.body) $("align").focus({ preventScroll: true });
}

const which = (n, count) => (count > 1 ? `Clip ${n + 1} of ${count}: ` : "");
const timeOf = (s) => (s < 90 ? `${Math.round(s)} s` : `${Math.round(s / 60)} min`);

function report(job, n, count) {
  const bar = $("bar");
  const share = job.frames_total ? Math.min(1, job.frames_done / job.frames_total) : 0;
  if (share || n) bar.value = (n + share) / count;
  else bar.removeAttribute("value");
  const passed = (Date.now() - began) / 1000, done = (n + share) / count;
  const left = passed > 3 && done > 0.02 ? `, about ${timeOf(passed * (1 - done) / done)} left` : "";
  $("count").textContent = which(n, count) + (job.state === "queued" ? "waiting for its turn"
    : `${job.frames_done}${job.frames_total ? ` of about ${job.frames_total}` : ""} frames encoded${left}`);
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((done, fault) => entry.file(done, fault))];
  const reader = entry.createReader(), found = [];
  for (;;) {  // a call gives a hundred at most
    const some = await new Promise((done, fault) => reader.readEntries(done, fault));
    if (!some.length) return found;
    for (const one of some) found.push(...await filesOf(one));
  }
}

const VIDEO = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|m2ts|wmv|flv|3gp|ogv|gif)$/i;
const videos = (files) => files.filter((file) => file.type.startsWith("video/") || VIDEO.test(file.name))
  .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));

async function take(files, folder) {
  const chosen = folder ? videos(files) : files;
  if (chosen.length) await upload(chosen);
  else if (files.length) fail(new Error("There is no video in this folder."));
}

export function startQueue(actions) {
  acts = actions;
  for (const name of ["file", "folder"]) {
    $(name).addEventListener("change", (event) => {
      take([...event.target.files], name === "folder");
      event.target.value = "";  // so that the same file can be chosen again
    });
  }
  const drop = $("drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, async (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name !== "drop") return;
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
      const files = [...event.dataTransfer.files];
      if (!entries.some((entry) => entry.isDirectory)) { take(files, false); return; }
      try { take((await Promise.all(entries.map(filesOf))).flat(), true); } catch (error) { fail(error); }
    });
  }
  $("cancel").addEventListener("click", cancel);
  addEventListener("pointerdown", () => { pressed = false; });
  for (const name of ["align", "align-one", "cancel"]) $(name).addEventListener("click", () => { pressed = true; });
}
