// The list of candidate actions: its cards, and the ways to fill it.
import { call } from "./api.js";
import { actionsIn, stepsIn } from "./lists.js";
import { $, counted, fail, keep, make, makeButton, sameLabel, say, state } from "./state.js";

let acts = {};

const NONE = "none of these";

function keepAll() { keep({ candidates: all(), domain: $("domain").value, ...options() }); }

function edited() {
  keepAll();
  acts.edited();
}

// A dash begins each step, since a box wraps long ones; what is typed without, or with another mark, counts the same.
const dashed = (steps) => steps.map((step) => `- ${step}`).join("\n");

function stepsArea(steps, name) {
  return make("textarea", "", { value: dashed(steps), rows: Math.max(3, 2 * steps.length), placeholder: "One step per line, in order", ariaLabel: name });
}

function addCandidate({ label = "", steps = [], rewordings = [], domain: own = null } = {}) {
  const number = $("candidates").children.length + 1, card = make("div", "", { className: "candidate" });
  const name = make("input", "", { type: "text", value: label, placeholder: "Action, e.g. jump shot", ariaLabel: `Candidate ${number}: action` });
  const remove = makeButton("×", () => {
    const next = card.nextElementSibling ?? card.previousElementSibling;  // the focus goes on there
    card.remove();
    (next?.querySelector(".remove") ?? $("add")).focus();
    edited();
  }, { className: "remove", title: "Remove this candidate", ariaLabel: `Remove candidate ${number}` });
  card.addEventListener("input", edited);
  name.addEventListener("change", async () => {
    if (!isWithoutSteps(card)) return;
    try { say(await fillInShipped([card])); } catch (error) { fail(error); }
  });
  const more = makeButton("Another wording", () => {
    addWordings(card, [[]]);
    card.querySelector(".wordings").open = true;
    [...card.querySelectorAll("textarea")].at(-1).focus();
  }, { title: "The same action in other words; several wordings are usually right more often than one", ariaLabel: `Candidate ${number}: another wording` });
  const field = make("label", "Domain ", { className: "inline" });
  field.append(make("input", "", { type: "text", className: "own", value: own ?? "", title: "Of this action alone; empty it for the one above",
    ariaLabel: `Candidate ${number}: domain of its own` }));
  field.addEventListener("change", drawDomains);
  const last = make("div", "", { className: "last" });
  last.append(more, field);
  // Beside the name, but last for who goes through the card by keys.
  card.append(name, stepsArea(steps, `Candidate ${number}: steps, one per line`), last, remove);
  $("candidates").append(card);
  addWordings(card, rewordings);
  drawDomains();
  return card;
}

// A candidate's own domain, which takes precedence over the list's; null where it has none.
const ownDomain = (card) => card.querySelector(".own").value.trim() || null;

// It is shown where it differs from the list's.
function drawDomains() {
  for (const card of $("candidates").children)
    card.querySelector(".own").parentElement.hidden = (ownDomain(card) ?? domain()) === domain();
}

function setDomain(card, name) {
  card.querySelector(".own").value = name && name !== domain() ? name : "";
  drawDomains();
}

// Several lists of steps of one action would push the next action off the page, so they are folded.
function addWordings(card, rewordings) {
  if (!rewordings.length) return;
  const number = [...$("candidates").children].indexOf(card) + 1;
  const folded = card.querySelector(".wordings") ?? make("details", "", { className: "wordings" });
  if (!folded.isConnected) {
    folded.append(make("summary"));
    card.querySelector(":scope > textarea").after(folded);
  }
  for (const other of rewordings)
    folded.append(stepsArea(other, `Candidate ${number}: steps in wording ${folded.children.length + 1}, one per line`));
  const count = folded.children.length - 1;
  folded.firstChild.textContent = `${counted(count, "more wording")}; scores are averaged`;
}

const wordingsOf = (card) => [...card.querySelectorAll("textarea")].filter((area) => stepsIn(area.value).length);
const cardOf = (label) => [...$("candidates").children].find((card) => sameLabel(labelOf(card), label));

// Whether an action is still in the list of candidates.
export const isListed = (label) => Boolean(cardOf(label));

// Puts the cursor into the steps that a result shows: the wording of this number, from 1.
export function editSteps(label, wording = 1) {
  const card = cardOf(label);
  if (!card) { fail(new Error(`${label} is no longer among the candidates.`)); return; }
  const area = wordingsOf(card)[wording - 1] ?? card.querySelector("textarea");
  const folded = area.closest("details");
  if (folded) folded.open = true;
  area.focus({ preventScroll: true });
  area.scrollIntoView({ block: "center" });
}

function all() {
  return [...$("candidates").children].map((card) => {
    const [steps = [], ...rewordings] = wordingsOf(card).map((area) => stepsIn(area.value));
    return { label: labelOf(card), steps, rewordings, domain: ownDomain(card) };
  });
}

// What a request says of when there is no answer, as far as the model can be asked, and of repetitions.
export const options = () => ({
  none: $("none").checked ? NONE : null,
  min_confidence: Number($("least").value) ? Number($("least").value) / 100 : null,
  repeats: repeats() === state.info.repeats ? null : repeats(),
});

let number = 1;  // of repetitions: the last one that was valid, which counts while something else is in the field
const repeats = () => ($("repeats").value === "number" ? number : $("repeats").value);
// Whether the number of repetitions is one, or none is asked for.
export const isNumbered = () => $("repeats").value !== "number" || $("repetitions").validity.valid;

function setRepeats(how) {
  const numbered = typeof how === "number";
  $("repeats").value = numbered ? "number" : how;
  $("repetitions").hidden = !numbered;
  if (numbered) $("repetitions").value = number = how;
  sayNumber();
}

function sayNumber() {
  $("misnumbered").hidden = isNumbered();
  $("misnumbered").textContent = isNumbered() ? "" : `Give a whole number above 0; until then other changes are scored with ${number}.`;
  $("repetitions").ariaInvalid = !isNumbered();
}

function numberTyped() {
  sayNumber();
  if (!isNumbered()) return;
  number = Number($("repetitions").value);
  edited();
}

// Who is to give the number begins with the one that is shown. The focus stays, as arrow keys may go on to the next choice.
function repeatsChosen() {
  const how = $("repeats").value;
  setRepeats(how === "number" ? state.result?.candidates[0].repetitions?.length ?? 1 : how);
  edited();
}

export function setOptions({ none = null, min_confidence: least = null, repeats: how = null }) {
  const { offers } = state.info;
  $("none").checked = offers.none && none !== null;
  $("least").value = offers.min_confidence ? Math.round(100 * (least ?? 0)) : 0;
  setRepeats(how ?? state.info.repeats);
  sayLeast();
}

function sayLeast() {
  const text = `${$("least").value} %`;
  $("least-said").textContent = text;
  $("least").ariaValueText = text;
}

export function offer() {
  const { offers } = state.info;
  $("none").parentElement.hidden = !offers.none;
  $("least").parentElement.hidden = !offers.min_confidence;
}

export const candidates = () => all().filter((c) => c.label);
export const domain = () => $("domain").value.trim() || null;
// The domain that a candidate's texts name.
export const domainOf = (candidate) => candidate.domain ?? domain();

// Without any, two empty cards.
export function setCandidates(list, name) {
  if (name !== undefined) $("domain").value = name ?? "";
  $("candidates").replaceChildren();
  for (const one of list.length ? list : [{}, {}]) addCandidate(one);
  keepAll();
}

// Cards that are still empty give their place to new candidates; a known label is not added twice.
function addAll(list) {
  const known = candidates();
  setCandidates([...known, ...list.filter((c) => !known.some((one) => sameLabel(one.label, c.label)))]);
  edited();
}

// In the composed form, as answers have it.
const labelOf = (card) => card.querySelector("input").value.trim().normalize();
const isWithoutSteps = (card) =>
  labelOf(card) && [...card.querySelectorAll("textarea")].every((area) => !stepsIn(area.value).length);
const cardsWithoutSteps = () => [...$("candidates").children].filter(isWithoutSteps);

function fillCard(card, steps, rewordings, name) {
  const text = card.querySelector("textarea");
  text.value = dashed(steps);
  text.rows = 2 * steps.length;
  card.querySelector(".wordings")?.remove();
  addWordings(card, rewordings);
  setDomain(card, name);
}

// Actions, in their domain, whose steps were asked for in vain.
const unknown = new Set();
const asking = (card) => JSON.stringify([labelOf(card), ownDomain(card) ?? domain()]);

// What can be done for actions that a result compares by their names only.
export function stepsAdvice(labels) {
  const cards = labels.map(cardOf).filter((card) => card && isWithoutSteps(card));
  if (!cards.length) return "align the clip again, since the candidates have changed";
  if (cards.every((card) => unknown.has(asking(card)))) return "write steps";
  return `write steps, or press “${$("write").textContent}”${state.info.writes_steps ? "" : ", which has those of many actions"}`;
}

// Gives cards the steps that the server knows or has written; what there is to say of it.
async function fillIn(cards) {
  if (!cards.length) return "";
  const groups = Map.groupBy(cards, (card) => ownDomain(card) ?? domain()), notes = [];
  let filled = 0;
  try {
    for (const [name, group] of groups) {
      const asked = group.map((card) => [card, labelOf(card)]);
      const found = await call("steps", { method: "POST", json: { labels: asked.map(([, label]) => label), domain: name } });
      for (const [card, label] of asked) {
        if (!found.scripts[label] || labelOf(card) !== label || !isWithoutSteps(card)) continue;
        fillCard(card, found.scripts[label], found.rewordings[label], found.domains[label]);
        filled += 1;
      }
      notes.push(...found.notes.filter((note) => !note.startsWith("scripts of")));
    }
  } catch (error) {  // of one domain; the cards of those before it are filled
    if (filled) edited();
    throw error;
  }
  const without = cards.filter(isWithoutSteps), left = without.map(labelOf);
  for (const card of without) unknown.add(asking(card));
  if (filled) edited();
  acts.asked();
  return [filled ? `Steps of ${counted(filled, "action")} filled in.` : "",
    left.length ? `No steps are known for ${short(left)}; write them, one per line.` : "",
    ...notes.map((note) => (note.endsWith("?") ? note : `${note}.`))].filter(Boolean).join(" ");
}

// The first names, each at most 40 characters long, and how many more there are.
function short(names) {
  const few = names.slice(0, 5).map((name) => (name.length > 40 ? `${name.slice(0, 39)}…` : name));
  return few.join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}

// Shipped steps are filled in by themselves. A language model, which may cost something, is asked by the button only.
let filling = Promise.resolve();
function fillInShipped(cards) {
  if (state.info.writes_steps) return "";
  const one = fillIn(cards);
  filling = Promise.allSettled([filling, one]);
  return one;
}

// Resolves when the steps that are on their way are there.
export const filled = () => filling;

async function writeSteps() {
  if (!candidates().length) { fail(new Error("Name at least one action first.")); return; }
  say("Writing steps …");
  try {
    say(await fillIn(cardsWithoutSteps()) || "Every action already has its steps.");
  } catch (error) { say(""); fail(error); }
}

// Adds them; one that is there without steps takes those that are given, and one with steps has them as another wording.
// What there is to say of the latter.
function pasteAll(list) {
  const reworded = [];
  for (const { label, steps, rewordings } of list) {
    const card = cardOf(label);
    if (!card || !steps.length) continue;
    if (isWithoutSteps(card)) fillCard(card, steps, rewordings, ownDomain(card));
    else if (addNewWordings(card, [steps, ...rewordings])) reworded.push(label);
  }
  addAll(list);
  return reworded.length ? `The steps of ${short(reworded)} are another wording of those that were there. ` : "";
}

async function pasted() {
  const { list, said: count } = actionsIn($("lines").value);
  if (!list.length) { fail(new Error("Write one action per line first.")); return; }
  const before = pasteAll(list);
  $("lines").value = "";
  $("lists").open = false;  // it would hide the cards that were just made
  if (state.info.writes_steps) { say(`${count}; for missing steps press “${$("write").textContent}”. ${before}`); return; }
  try { say(`${count}. ${before}${await fillInShipped(cardsWithoutSteps())}`); } catch (error) { fail(error); }
}

async function openList(file) {
  if (!file) return;
  try {
    const found = await call("scripts", { method: "POST", json: { text: await file.text(), name: file.name } });
    // `listed` writes an action without steps so.
    const bare = ({ label, steps, rewordings }) => !rewordings.length && steps.length === 1 && steps[0] === label;
    setCandidates(found.candidates.map((one) => (bare(one) ? { ...one, steps: [] } : one)), found.domain);
    edited();
    const several = found.candidates.filter((c) => c.rewordings.length).length;
    say(`${file.name}: ${counted(found.candidates.length, "candidate")}${several ? `, ${several} in several wordings` : ""}.`);
  } catch (error) { fail(error); }
}

// An action's steps as script files hold them: its own name where it has none, several lists where it has several wordings.
export const listed = ({ label, steps, rewordings }) =>
  rewordings.length ? [steps, ...rewordings] : steps.length ? steps : [label];

// JSON's texts are YAML's too, so that any label and step is quoted as it must be. A block has one domain; where the
// candidates have several, neighbours of the same one are in a block.
function yaml() {
  const blocks = [], list = candidates();
  list.forEach((one, n) => {
    const name = domainOf(one);
    if (!n || name !== domainOf(list[n - 1])) blocks.push([...(name ? [`domain: ${JSON.stringify(name)}`] : []), "scripts:"]);
    blocks.at(-1).push(`  ${JSON.stringify(one.label)}:`, ...listed(one).map((s) => `    - ${JSON.stringify(s)}`));
  });
  const text = blocks.length === 1 ? blocks[0] : blocks.flatMap((lines) => lines.map((line, n) => `${n ? " " : "-"} ${line}`));
  return `${text.join("\n")}\n`;
}

// An action with steps of the user's own keeps them; the shipped ones are further wordings.
function addShipped(card, { label, steps, rewordings, domain: name }) {
  if (isWithoutSteps(card)) {
    fillCard(card, steps, rewordings, name);
    edited();
    say(`Steps of ${label} filled in.`);
    return;
  }
  const count = addNewWordings(card, [steps, ...rewordings]);
  edited();
  say(count ? `${label}: ${counted(count, "shipped wording")} added to its steps.` : `${label} has the shipped steps already.`);
}

// Adds those that are not there yet; how many they are.
function addNewWordings(card, wordings) {
  const there = new Set([...card.querySelectorAll("textarea")].map((area) => stepsIn(area.value).join("\n")));
  const other = wordings.filter((one) => !there.has(one.join("\n")));
  addWordings(card, other);
  return other.length;
}

let shipped = null;
async function showShipped() {
  shipped ??= await call("shipped");
  const wanted = $("shipped-filter").value.trim().toLowerCase();
  const buttons = shipped.flatMap((group) => group.candidates
    .filter((c) => `${group.domain} ${c.label}`.toLowerCase().includes(wanted))
    .map((one) => {
      const c = { ...one, domain: group.domain };
      return makeButton(c.label, () => {
        if (!domain() && !candidates().length) $("domain").value = c.domain;
        const card = cardOf(c.label);
        if (card) { addShipped(card, c); return; }
        addAll([c.domain === domain() ? { ...c, domain: null } : c]);
        say(`${c.label} added.`);
      }, { title: `${group.domain}: ${c.steps.join("; ")}` });
    }));
  $("shipped").replaceChildren(...buttons);
}

// edited: after each change. asked: after steps were asked for, whether or not there are any.
export function startCandidates(actions) {
  acts = actions;
  $("add").addEventListener("click", () => addCandidate().querySelector("input").focus());
  $("write").addEventListener("click", writeSteps);
  $("domain").addEventListener("input", () => { drawDomains(); edited(); });
  $("none").addEventListener("change", edited);
  $("repeats").addEventListener("change", repeatsChosen);
  $("repetitions").addEventListener("focus", () => $("repetitions").select());
  $("repetitions").addEventListener("input", numberTyped);
  $("least").addEventListener("input", () => { sayLeast(); edited(); });
  $("paste").addEventListener("click", pasted);
  $("open-list").addEventListener("change", (event) => { openList(event.target.files[0]); event.target.value = ""; });
  $("save-list").addEventListener("click", () => {
    $("save-list").href = URL.createObjectURL(new Blob([yaml()], { type: "text/yaml" }));
  });
  $("empty-list").addEventListener("click", () => {
    const count = candidates().length;
    setCandidates([]);
    edited();
    say(`${counted(count, "candidate")} removed.`);
  });
  $("lists").addEventListener("toggle", () => showShipped().catch(fail));
  $("shipped-filter").addEventListener("input", () => showShipped().catch(fail));
}
