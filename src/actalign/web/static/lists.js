// Reads lists of actions that are pasted: lines of a document, and the cells of a sheet.
import { counted, sameLabel } from "./state.js";

// What may begin a line of a list, by kind: a dash, a bullet, a number, a letter. Word copies a tab after it; its bullets
// may be any symbol, or a character for private use.
const MARKS = [/^[-*–—]\s*/, /^(?:[•·‣⁃∙→\p{So}\p{Co}]\uFE0F?\s*|[o§]\t\s*)/u, /^\d{1,3}[.)](?!\d)\s*/, /^(?:[a-z]\)\s*|[a-z]\.\t\s*)/i];
const markOf = (line) => MARKS.find((mark) => mark.test(line));
const unmarked = (line) => line.replace(markOf(line) ?? "", "");
const nameOf = (text) => unmarked(text.trim()).replace(/\s+/g, " ").replace(/\s*:$/, "");

// The steps of a box of steps, one per line.
export const stepsIn = (text) => text.split("\n").map((line) => unmarked(line.trim())).filter(Boolean);

// The actions of a text, each with its steps, and what is to be said of how it was read.
export function actionsIn(text) {
  const plain = text.normalize().replaceAll("\r", ""), first = plain.split("\n").find((line) => line.trim()) ?? "";
  if (unmarked(first.trimStart()).includes("\t")) return fromTable(plain);
  const list = fromLines(plain), steps = list.flatMap((one) => [one.steps, ...one.rewordings].flat()).length;
  return { list, said: `${counted(list.length, "action")}${steps ? ` with ${counted(steps, "step")}` : ""} read`
    + (list.length === 1 && steps > 1 ? "; if its steps are actions, paste them without the line above them" : "") };
}

// What begins as the first line does is an action, unless it is a marked line that is indented further; the rest are
// steps. An indented number that goes on from 1 is no step: who copies from the first word on leaves that line's indent.
function fromLines(text) {
  const lines = text.split("\n").filter((line) => line.trim()), list = [];
  const indent = (line) => line.length - line.trimStart().length;
  const first = lines.length ? markOf(lines[0].trim()) : undefined;
  const isInner = (line) => first && markOf(line.trim()) === first && indent(line) > indent(lines[0]);
  const nested = !(parseInt(lines.find(isInner), 10) > 1);
  for (const line of lines) {
    const mark = markOf(line.trim()), rest = unmarked(line.trim()), label = nameOf(line);
    if (mark !== first || (nested && isInner(line))) list.at(-1)?.steps.push(...[rest].filter(Boolean));
    else if (label) list.push({ label, steps: [], rewordings: [] });
  }
  return merged(list);
}

// An action that is there again has its steps as another wording, if any.
function merged(list) {
  const found = [];
  for (const one of list) {
    const same = found.find((other) => sameLabel(other.label, one.label));
    if (!same) found.push(one);
    else if (!same.steps.length) same.steps = one.steps;
    else if (one.steps.length) same.rewordings.push(one.steps);
  }
  return found;
}

// The rows of cells, as a sheet gives them: tabs between cells, and quotes around one that has several lines.
function rowsIn(text) {
  const rows = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"(?=[\t\n]|$)|([^\t\n]*))(\t|\n|$)/g)) {
    rows.at(-1).push((quoted?.replaceAll('""', '"') ?? bare).trim());
    if (end === "") break;
    if (end === "\n") rows.push([]);
  }
  return rows.filter((cells) => cells.some(Boolean));
}

// "Step 1", "Step 2", … in any language, or the numbers alone, or a word for steps.
function isHeading(cells) {
  const names = cells.slice(1).filter(Boolean), stem = names[0]?.replace(/\s*1$/, "");
  const numbered = stem !== names[0] && names.every((name, n) => name.replace(/\s*(\d+)$/, " $1") === `${stem} ${n + 1}`);
  return names.length > 0 && (numbered || names.every((name) => /^(steps?|scripts?|descriptions?|schritte?)$/i.test(name)));
}

// Several steps in one cell: in lines, numbered, or with semicolons or bars between them.
function stepsOf(cell, alone) {
  if (cell.includes("\n")) return stepsIn(cell);
  if (!alone) return [unmarked(cell)].filter(Boolean);
  const numbered = /^1[.)]\s/.test(cell) && /\s2[.)]\s/.test(cell);
  return cell.split(numbered ? /(?:^|\s)\d{1,2}[.)]\s/ : /[;|]/).map((step) => unmarked(step.trim())).filter(Boolean);
}

// The first column is the action, the others its steps. Further rows of an action, or without one, have its next step
// each; where they have several steps, they are other wordings.
function fromTable(text) {
  const rows = rowsIn(text), isNumber = ([first]) => /^\d*[.)]?$/.test(first);
  // The column of numbers may have a heading too.
  const from = rows.length > 1 && !isNumber(rows[0]) && isHeading(rows[0].slice(1)) ? 1 : 0;
  const numbered = rows.slice(from).every(isNumber);
  const cells = numbered ? rows.map((row) => row.slice(1)).filter((row) => row.length) : rows;
  const headed = cells.length > 1 && isHeading(cells[0]);
  if (headed) cells.shift();
  const alone = cells.every((row) => row.slice(1).filter(Boolean).length < 2), found = [];
  for (const [first, ...rest] of cells) {
    const steps = rest.flatMap((cell) => stepsOf(cell, alone)), label = nameOf(first);
    const same = label ? found.find((one) => sameLabel(one.label, label)) : found.at(-1);
    if (same) same.rows.push(steps);
    else if (label) found.push({ label, rows: [steps] });
  }
  const list = found.map(({ label, rows: all }) => {
    const there = all.filter((steps) => steps.length);
    const [steps = [], ...rewordings] = there.every((one) => one.length === 1) ? [there.flat()] : there;
    return { label, steps, rewordings };
  });
  const count = list.reduce((sum, one) => sum + one.steps.length, 0), more = list.reduce((sum, one) => sum + one.rewordings.length, 0);
  const left = [...(headed ? ["the row of headings"] : []), ...(numbered ? ["the column of numbers"] : [])];
  return { list, said: `${counted(list.length, "action")} with ${counted(count, "step")} read from a table, whose first column names the action`
    + (more ? `; further rows of an action are ${counted(more, "more wording")}` : "")
    + (left.length ? `; ${left.join(" and ")} left out` : "") };
}
