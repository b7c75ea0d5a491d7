// The table of clips: sorted, filtered, and worked on by keys.
import { $, asQuery, ids, isOpen, make, makeButton, percent, rowOf, sameLabel, seconds, state } from "./state.js";

// The margin only where no clip has a confidence, as with most encoders: they are not on one scale.
const sureness = (row) => row.confidence ?? (state.rows.some((one) => one.confidence != null) ? null : row.margin ?? null);
const COLUMNS = [
  ["", null],
  ["Clip", (row) => row.name.toLowerCase()],
  ["Action", (row) => row.label?.toLowerCase() ?? null],
  ["Confidence", sureness],
  ["Runner-up", (row) => row.second?.toLowerCase() ?? null],
  ["Repetitions", (row) => row.repetitions ?? null],
  ["Duration", (row) => row.seconds ?? null],
  ["Judged", (row) => judgement(row) || null],
];
const order = { column: null, down: false };
let drawn = [];  // the rows as they stand in the table
let acts = {};

export function judgement(row) {
  if (!row.truth) return "";
  if (row.truth.label === null) return row.truth.rejected === row.label ? "✗ wrong" : "";
  if (sameLabel(row.truth.label, row.label)) return "✓ right";
  // Said before the server was started again: until the clip is aligned there is no answer to be right or wrong.
  return `${row.result ? "✗ " : ""}is ${row.truth.label}`;
}

function sorted() {
  const wanted = $("filter").value.trim().toLowerCase();
  const rows = state.rows.filter((row) =>
    [row.name, row.label, row.second, row.error, judgement(row)].join(" ").toLowerCase().includes(wanted));
  if (order.column === null) return rows;
  const value = COLUMNS[order.column][1], sign = order.down ? -1 : 1;
  return rows.sort((a, b) => {
    const x = value(a), y = value(b);
    if (x === null || y === null) return (x === null) - (y === null);  // what is missing comes last
    return sign * (typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true }));
  });
}

function heads() {
  $("heads").replaceChildren(...COLUMNS.map(([name, value], n) => {
    if (!value) return make("td");
    const head = make("th", "", { scope: "col" }), by = order.column === n;
    const button = makeButton(name, () => {
      Object.assign(order, { down: by && !order.down, column: n });
      drawTable();
      $("heads").children[n].querySelector("button").focus();
    });
    if (by) {
      head.ariaSort = order.down ? "descending" : "ascending";
      button.append(make("span", order.down ? " ▼" : " ▲", { ariaHidden: "true" }));
    }
    head.append(button);
    return head;
  }));
}

// An action's name, of which two lines are shown: a longer one would make its line of the table higher than the others.
function named(label) {
  const cell = make("td");
  if (label) cell.append(make("span", label, { className: "named", title: label }));
  return cell;
}

function line(row, first) {
  const item = make("tr"), open = make("button", row.name, { type: "button", tabIndex: first ? 0 : -1 });
  item.dataset.clip = row.clip ?? "";
  item.classList.toggle("open", isOpen(row));
  if (isOpen(row)) open.ariaCurrent = "true";
  const picture = make("td");
  if (row.clip && (row.encoded || !row.error)) {  // else its file may be unreadable
    const shown = make("img", "", { alt: "", loading: "lazy", width: 64, height: 48, src: `/api/clips/${row.clip}/frame?t=${row.picture_seconds ?? 0}` });
    shown.addEventListener("error", () => shown.remove());  // an unreadable file
    picture.append(shown);
  }
  const name = make("td");
  name.append(open);
  const sure = sureness(row);
  const note = row.error ?? row.state ?? (row.result ? "" : "not aligned");
  const action = named(row.label ?? (row.result ? "no label" : ""));
  if (row.result && !row.label) action.append(make("small", `likeliest: ${row.likeliest}`));
  if (note && note !== row.label) action.append(make("small", note, { className: row.error ? "bad" : "" }));
  const warned = row.warnings?.length ? "⚠ " : "", said = row.tag || (warned && "see its notes");
  if (said) action.append(make("small", warned + said, { title: (row.warnings ?? []).join(" ") }));
  if (stale(row)) action.append(make("small", "by other candidates or settings"));
  const times = row.partial_repetitions ? `${row.repetitions} + ${row.partial_repetitions} partial` : String(row.repetitions ?? "");
  if (times) action.append(make("small", `${times} ${times === "1" ? "repetition" : "repetitions"}`, { className: "narrow" }));
  item.append(picture, name, action,
    make("td", row.confidence != null ? percent(sure, row.label ? undefined : row.min_confidence) : sure !== null ? `+${sure.toPrecision(2)}` : "", { className: "number" }),
    named(row.second), make("td", times, { className: "number" }),
    make("td", row.seconds ? seconds(row.seconds) : "", { className: "number" }),
    make("td", judgement(row)));
  item.addEventListener("click", () => {
    open.focus({ preventScroll: true });  // so that keys work wherever in its line the clip was clicked
    acts.open(row);
  });
  // A key that is held down removes one clip only, though the focus goes on to the next.
  item.addEventListener("keydown", (event) => { if (event.key === "Delete" && !event.repeat) acts.remove(row); });
  return item;
}

// Whether a row was aligned with other candidates or options than the open one.
function stale(row) {
  const open = rowOf(state.open);
  return Boolean(row.result && open?.candidates_key && row.candidates_key && open.candidates_key !== row.candidates_key);
}

export function drawTable() {
  const at = [...$("body").children].indexOf(document.activeElement?.closest?.("#body tr")), was = drawn[at];
  $("clips").hidden = !state.rows.length;
  $("searching").hidden = !state.rows.some((row) => row.encoded);
  heads();
  const rows = sorted();
  // The row that had the focus keeps it; where it is gone, the one in its place has it.
  const same = rows.findIndex((row) => row === was || (row.clip && row.clip === was?.clip));
  const focused = at < 0 || same >= 0 ? same : Math.min(at, rows.length - 1);
  const first = focused >= 0 ? focused : Math.max(0, rows.findIndex(isOpen));
  drawn = rows;
  $("body").replaceChildren(...rows.map((row, n) => line(row, n === first)));
  if (focused >= 0) $("body").children[focused].querySelector("button").focus({ preventScroll: true });
  $("clips-title").textContent = `Clips (${rows.length === state.rows.length ? rows.length : `${rows.length} of ${state.rows.length}`})`;
  const query = asQuery(ids());
  $("all-csv").href = `/api/table.csv?${query}`;
  $("all-jsonl").href = `/api/predictions.jsonl?${query}`;
  $("all-truth").href = `/api/truth.jsonl?${query}`;
}

export function drawAccuracy({ hits, total, value, low, high }) {
  $("accuracy").hidden = !total;
  if (!total) return;
  const share = (x) => (100 * x).toFixed(0);
  $("accuracy").textContent = `Right on ${hits} of ${total} judged clips: ${share(value)} %, `
    + `95 % interval ${share(low)} to ${share(high)} % (Wilson). Judge every clip or a random sample; hand-picked clips mislead.`;
}

function move(event) {
  const buttons = [...$("body").querySelectorAll("td button")], at = buttons.indexOf(event.target);
  // With the focus on the table's frame the first press goes to the clip that Tab would reach.
  const from = event.target === $("rows") ? buttons.findIndex((one) => one.tabIndex === 0) : -1;
  const to = from >= 0 ? { ArrowDown: from, ArrowUp: from }[event.key]
    : { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (Math.max(at, from) < 0 || to === undefined) return;
  event.preventDefault();
  const next = buttons[Math.min(buttons.length - 1, Math.max(0, to))];
  buttons.forEach((one) => { one.tabIndex = one === next ? 0 : -1; });
  next.focus();
}

export function startTable(actions) {
  acts = actions;
  $("filter").addEventListener("input", drawTable);
  $("rows").addEventListener("keydown", move);
}
