"""Named postures: the vocabulary of the kinematic body.

POSTURES maps a name to a Posture. A name that says left or right has its mirrored twin under the
swapped name; other one-sided postures are right-handed and have a twin "NAME (mirrored)".

They are read from postures.txt, one a line: name | family | tags | shorthand; "~ | shorthand" is
another form of the posture above: what it says instead. The tag "legs": its name says nothing of
the arms. The shorthand is in degrees; a key alone means both sides, l_/r_ one side:
  sh, shab, shrot, el, fa, wr   shoulder flex/abduct/rotate, elbow, forearm rotate, wrist
  hip, hipab, hiprot, knee, ankle   the leg's joints, or, instead of hip/knee/ankle,
  th, sk, ft   where the thigh and the shank point in the world, seen from the side (0 straight
               down, 90 straight ahead, -90 straight back), and the foot (0 flat, + toes up);
               standing postures use these by default, so feet are flat unless told otherwise
  pitch, roll  the whole body from the pelvis; spine, lean, twist, neck, necklean, necktwist
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.skeleton import HIGHEST, LIMITS, LOWEST, Array, mirror, pose

_ARM = {
    "sh": "shoulder_flex",
    "shab": "shoulder_abduct",
    "shrot": "shoulder_rotate",
    "el": "elbow",
    "fa": "forearm_rotate",
    "wr": "wrist_flex",
}
_LEG = {
    "hip": "hip_flex",
    "hipab": "hip_abduct",
    "hiprot": "hip_rotate",
    "knee": "knee",
    "ankle": "ankle",
}
_AXIAL = {
    "pitch": "pitch",
    "roll": "roll",
    "spine": "spine_flex",
    "lean": "spine_lean",
    "twist": "spine_twist",
    "neck": "neck_flex",
    "necklean": "neck_lean",
    "necktwist": "neck_twist",
    "heading": "heading",
}


@dataclass(frozen=True, slots=True, eq=False)
class Posture:
    """forms: (F, J) degrees, ways to be in it. family: what it belongs with; tags: further groups.
    support, lift: as in `skeleton.place` (lift in metres is for a body in the air)."""

    name: str
    forms: Array
    family: str
    tags: tuple[str, ...] = field(default=())
    support: str = "ground"
    lift: float = 0.0

    @property
    def angles(self) -> Array:
        """(J,) degrees of its first form."""
        return self.forms[0]

    def form(self, u: float) -> Array:
        """(J,) degrees of one of the forms, by u in [0, 1)."""
        return self.forms[int(u * len(self.forms))]


POSTURES: dict[str, Posture] = {}


def _angles(short: dict[str, float]) -> dict[str, float]:
    out: dict[str, float] = {}
    for key, name in _AXIAL.items():
        out[name] = short.get(key, 0.0)
    pitch, roll = out["pitch"], out["roll"]
    upright = abs(pitch) <= 60 and abs(roll) <= 45
    for side, prefix in (("left", "l_"), ("right", "r_")):
        get = {
            k: short[prefix + k] if prefix + k in short else short.get(k)
            for k in (*_ARM, *_LEG, "th", "sk", "ft")
        }
        for key, name in _ARM.items():
            out[f"{side}_{name}"] = get[key] or 0.0
        for key, name in _LEG.items():
            out[f"{side}_{name}"] = get[key] or 0.0
        by_direction = any(get[k] is not None for k in ("th", "sk", "ft")) or (
            upright and get["hip"] is None and get["knee"] is None
        )
        if by_direction:
            thigh, shank, foot = (get[k] or 0.0 for k in ("th", "sk", "ft"))
            out[f"{side}_hip_flex"] = thigh + pitch
            out[f"{side}_knee"] = max(thigh - shank, 0.0)
            if get["ankle"] is None:
                out[f"{side}_ankle"] = float(np.clip(foot - shank, -65, 45))
    return out


_OTHER = {"left": "right", "right": "left"}


# A right angle, and "right over the head", are no sides.
SIDED = re.compile(r"\b(left|right)\b(?![ -]angle| over\b| round\b| on top\b| above\b| under\b)")


def swap_sides(name: str) -> str:
    """The name with left and right exchanged."""
    return SIDED.sub(lambda m: _OTHER[m.group()], name)


def _pose(name: str, short: dict[str, float]) -> Array:
    known = {*_ARM, *_LEG, *_AXIAL, "th", "sk", "ft"}
    for key in short:
        if key.removeprefix("l_").removeprefix("r_") not in known:
            raise ValueError(f"{name}: unknown key {key!r}")
    # directions in the world may ask a joint for a little more than it can do
    named = {
        joint: min(max(angle, LIMITS[joint][0]), LIMITS[joint][1])
        for joint, angle in _angles(short).items()
    }
    return pose(named)


def _add(
    name: str, family: str, tags: tuple[str, ...], support: str, lift: float, forms: Array
) -> None:
    if name in POSTURES:
        raise ValueError(f"{name} is defined twice")
    POSTURES[name] = Posture(name, forms, family, tags, support, lift)
    other = mirror(forms)
    if np.abs(other[0] - forms[0]).max() > 1.0:
        twin = swap_sides(name)
        if twin == name:
            twin = f"{name} (mirrored)"
        POSTURES[twin] = Posture(twin, other, family, tags, support, lift)


def _words(values: str) -> dict[str, str]:
    return dict(word.split("=") for word in values.split())


def _read(path: Path) -> None:
    lines = [
        [part.strip() for part in line.split("|")]
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    for i, line in enumerate(lines):
        if line[0] == "~":
            continue
        name, family, tags, values = line
        first = _words(values)
        all_forms = [first]
        for more in lines[i + 1 :]:
            if more[0] != "~":
                break
            all_forms.append({**first, **_words(more[1])})
        support, lift = first.pop("support", "ground"), float(first.pop("lift", 0.0))
        forms = [
            _pose(name, {k: float(v) for k, v in form.items() if k not in ("support", "lift")})
            for form in all_forms
        ]
        _add(name, family, tuple(tags.split()), support, lift, np.stack(forms))


_read(Path(__file__).with_name("postures.txt"))
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(p.family for p in POSTURES.values()))


def _check() -> None:
    for p in POSTURES.values():
        inside = (p.forms >= LOWEST) & (p.forms <= HIGHEST)
        if not inside.all():
            raise ValueError(f"{p.name}: an angle is outside its limits")


_check()
