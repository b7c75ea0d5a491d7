// Calls to the server; a failed one throws the server's sentence.

// The server is away, or the page is being left.
export class Unanswered extends Error {}

// The server names a field of the request; on the page it is an action, or a step of one.
function asShown(error, json) {
  const most = /^The field candidates is wrong: give at most (\d+)\.$/.exec(error)?.[1];
  if (most) return `There are ${json.candidates.length} candidates; name at most ${most}.`;
  return error.replace(/^The field candidates\.(\d+)\.(label|steps|rewordings)(?:\.(\d+))?(?:\.(\d+))?/, (_, n, field, first, second) => {
    const label = json.candidates[n].label, short = label.length > 60 ? `${label.slice(0, 60)} …` : label;
    if (field === "label") return `The action “${short}”`;
    const [step, wording] = field === "steps" ? [first, ""] : [second, first ? ` in wording ${Number(first) + 2}` : ""];
    return `${step ? `Step ${Number(step) + 1}` : "The number of steps"} of “${short}”${wording}`;
  });
}

// keepalive: it is sent though the page is being left; browsers take 64 kB so.
export async function call(path, { method = "GET", json, body, keepalive = false } = {}) {
  let answer;
  try {
    answer = await fetch(`/api/${path}`, {
      method,
      keepalive,
      body: json === undefined ? body : JSON.stringify(json),
      headers: json === undefined ? {} : { "Content-Type": "application/json" },
    });
  } catch {
    throw new Unanswered("The server does not answer; is `actalign serve` still running?");
  }
  const data = await answer.json();
  if (!answer.ok) throw new Error(asShown(data.error, json));
  return data;
}
