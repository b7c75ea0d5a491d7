// The shell and Python code that do what is on the screen.
import { candidates, domain, domainOf, listed } from "./candidates.js";
import { request } from "./queue.js";
import { $, state } from "./state.js";

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// A candidate with a domain of its own, as Python's arguments.
function scriptOf(one) {
  const [steps, ...more] = one.rewordings.length ? listed(one) : [listed(one)], name = domainOf(one);
  return [one.label, steps].map((part) => JSON.stringify(part)).join(", ") + (name ? `, domain=${JSON.stringify(name)}` : "")
    + (more.length ? `, rewordings=${JSON.stringify(more)}` : "");
}

export function drawCode() {
  const result = state.result, root = location.origin, uploaded = result.video ?? result.doc_id;
  const everyone = /^(body|crop):all(:|$)/.test(state.info.model), name = JSON.stringify(uploaded);
  const asked = request(result.clip), ask = JSON.stringify(asked);
  const curl = state.info.asks_token ? 'curl -s -H "Authorization: Bearer $TOKEN"' : "curl -s";
  $("curl").textContent = [
    ...(state.info.asks_token ? ["# TOKEN is the one that the server printed, or that of its token file."] : []),
    `# ${uploaded} is on the server as ${result.clip}; to upload another:`,
    `${curl} --data-binary @${shell(uploaded)} ${shell(`${root}/api/clips?name=${encodeURIComponent(uploaded)}`)}`,
    `${curl} ${root}/api/jobs -H 'content-type: application/json' -d ${shell(ask)}`,
    `${curl} ${root}/api/results/${result.result}`,
  ].join("\n");
  const list = candidates(), several = list.some((one) => domainOf(one) !== domain());
  const scripts = several ? ["scripts = [", ...list.map((one) => `    Script(${scriptOf(one)}),`), "]"]
    : ["scripts = {", ...list.map((one) => `    ${JSON.stringify(one.label)}: ${JSON.stringify(listed(one))},`), "}"];
  const options = `scripts=scripts${domain() && !several ? `, domain=${JSON.stringify(domain())}` : ""}`
    + (asked.none ? `, none=${JSON.stringify(asked.none)}` : "")
    + (asked.min_confidence === null ? "" : `, min_confidence=${asked.min_confidence}`);
  const label = asked.min_confidence === null ? "prediction.label" : '"no label" if prediction.refused else prediction.label';
  $("python").textContent = [
    `from actalign import ActAlign${several ? ", Script" : ""}`,
    "",
    `classifier = ActAlign.from_pretrained(${JSON.stringify(state.info.model)}${asked.repeats ? `, repeats=${JSON.stringify(asked.repeats)}` : ""})`,
    ...scripts,
    ...(everyone
      ? [`for prediction in classifier.predict_many([${name}], ${options}):`, `    print(prediction.clip.clip_id, ${label})`]
      : [`prediction = classifier.predict(${name}, ${options})`, `print(${label}, prediction.top_k(3))`]),
  ].join("\n");
}
