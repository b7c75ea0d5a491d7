// The people of the open clip: their boxes over the video, and a button for each of several.
import { $, make, makeButton, rowOf } from "./state.js";

let people = [];

// open: shows another one of them.
export function drawPeople(result, open) {
  people = result.people.map((one, n) => ({ ...one, number: n + 1, gap: gapOf(one.boxes) }));
  $("boxes").replaceChildren(...people.map((one) => {
    const box = make("div", people.length > 1 ? String(one.number) : "", { className: "box" });
    box.classList.toggle("chosen", one.clip === result.clip);
    return box;
  }));
  $("people").hidden = people.length < 2;
  $("people").replaceChildren(...(people.length < 2 ? [] : people.map((one) => {
    const middle = one.boxes[Math.floor(one.boxes.length / 2)].seconds, label = rowOf(one.clip)?.label;
    const button = makeButton("", async () => {
      await open(one);
      $("people").children[one.number - 1]?.focus();
    }, { ariaPressed: one.clip === result.clip });
    button.append(make("img", "", { alt: "", src: `/api/clips/${one.clip}/frame?t=${middle}` }),
      make("span", `Person ${one.number}${label ? `: ${label}` : ""}`));
    return button;
  })));
  placeBoxes();
}

// How far apart in time boxes are while the person is seen.
const gapOf = (boxes) => Math.min(1, ...boxes.slice(1).map((one, n) => one.seconds - boxes[n].seconds));

// Where somebody is at a time, between the two boxes that are known; null where it is not seen.
function boxAt({ boxes, gap }, time) {
  const n = boxes.findIndex((one) => one.seconds > time);
  const before = boxes[n < 0 ? boxes.length - 1 : n - 1], after = n < 0 ? undefined : boxes[n];
  if (before && after && after.seconds - before.seconds < 2.5 * gap) {
    const share = (time - before.seconds) / (after.seconds - before.seconds);
    const mix = (side) => before[side] + share * (after[side] - before[side]);
    return { left: mix("left"), top: mix("top"), right: mix("right"), bottom: mix("bottom") };
  }
  return before && time - before.seconds < gap ? before : null;
}

// The video's picture lies in the middle of its element.
export function placeBoxes() {
  const video = $("video"), wide = video.videoWidth, high = video.videoHeight;
  const scale = Math.min(video.clientWidth / wide, video.clientHeight / high);
  people.forEach((one, n) => {
    const found = wide ? boxAt(one, video.currentTime) : null, box = $("boxes").children[n];
    box.hidden = !found;
    if (!found) return;
    const left = video.offsetLeft + (video.clientWidth - wide * scale) / 2, top = video.offsetTop + (video.clientHeight - high * scale) / 2;
    Object.assign(box.style, {
      left: `${left + found.left * wide * scale}px`, top: `${top + found.top * high * scale}px`,
      width: `${(found.right - found.left) * wide * scale}px`, height: `${(found.bottom - found.top) * high * scale}px`,
    });
  });
}
