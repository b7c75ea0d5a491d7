// What the page knows, and the part of it that stays over a reload (in this tab).
const KEY = "actalign";

export const $ = (id) => document.getElementById(id);
export const make = (tag, text = "", props = {}) =>
  Object.assign(document.createElement(tag), { textContent: text }, props);
export function makeButton(text, onClick, props = {}) {
  const button = make("button", text, { type: "button", ...props });
  button.addEventListener("click", onClick);
  return button;
}
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
export const seconds = (s) => `${s.toFixed(1)} s`;
// "64 %"; with as many digits as tell it from another share: "63.9 %" of 64.
export function percent(x, other = x) {
  let digits = 0;
  const text = (share) => `${(100 * share).toFixed(digits)} %`;
  while (x !== other && text(x) === text(other) && digits < 15) digits += 1;
  return text(x);
}
export const score = (s) => s.toPrecision(4);  // pair probabilities may be as small as 1e-8

// rows: the clips of the table. open: the id of the one that is shown. result: its result. busy: clips
// are being aligned. waits: Align was pressed, and waits for files or for what is being aligned. info: what the server says of itself and its model.
export const state = { rows: [], open: null, result: null, busy: false, waits: false, info: { limits: {}, offers: {} } };

export function fail(error) { $("error").textContent = error.message; }
export function say(text) { $("status").textContent = text; $("error").textContent = ""; }

// Whether two labels are one action's, as the server takes them.
const folded = (label) => label?.trim().replace(/\s+/g, " ").toLowerCase();
export const sameLabel = (a, b) => folded(a) === folded(b);

export function rowOf(clip) { return state.rows.find((row) => row.clip === clip); }
export const isOpen = (row) => row.clip !== null && row.clip === state.open;  // a file that was not uploaded is no clip
export const ids = () => state.rows.filter((row) => row.clip).map((row) => row.clip);
export const asQuery = (clips) => clips.map((id) => `clip=${encodeURIComponent(id)}`).join("&");

// A tab that is new begins with the clips and candidates of the tab that was used last.
export function kept() {
  const read = (storage) => JSON.parse(storage.getItem(KEY));
  try { return read(sessionStorage) ?? read(localStorage) ?? {}; } catch { return {}; }
}

// job: what is under way; unsent: names of files that are still to be uploaded. Both are this tab's alone.
export function keep(more) {
  const all = { ...kept(), ...more }, { job, unsent, ...shared } = all;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(all));
    localStorage.setItem(KEY, JSON.stringify(shared));
  } catch { /* a private window */ }
}

// A duplicated tab gets a copy of what is kept while the first one is open, which alone goes on with its work. A tab that
// crashed leaves the same mark, but no page holds the lock of that name any more: its work goes on.
const OPEN = "actalign-open";
async function settle() {
  try {
    const before = sessionStorage.getItem(OPEN), mine = `actalign ${Math.random()}`, { locks } = navigator;  // none without TLS
    addEventListener("pageshow", () => sessionStorage.setItem(OPEN, mine));
    addEventListener("pagehide", () => sessionStorage.removeItem(OPEN));
    locks?.request(mine, () => new Promise(() => {}));  // as long as the page is open
    if (!before || document.wasDiscarded || await locks?.request(before, { ifAvailable: true }, Boolean)) return;
    keep({ job: null, unsent: [] });
  } catch { /* a private window */ }
}
export const settled = settle();
