"""Named postures: the vocabulary of the kinematic body.

POSTURES maps a name to a Posture. A name that says left or right has its mirrored twin under the
swapped name; other one-sided postures are right-handed and have a twin "NAME (mirrored)".

They are read from postures.txt, one a line: name | family | tags | shorthand. The shorthand is in
degrees; a key alone means both sides, l_/r_ one side:
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
    """angles: (J,) degrees. family: what it belongs with; tags: further groups. support, lift:
    as in `skeleton.place` (lift in metres is for a body in the air)."""

    name: str
    angles: Array
    family: str
    tags: tuple[str, ...] = field(default=())
    support: str = "ground"
    lift: float = 0.0


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


def _add(
    name: str,
    family: str,
    *tags: str,
    support: str = "ground",
    lift: float = 0.0,
    **short: float,
) -> None:
    known = {*_ARM, *_LEG, *_AXIAL, "th", "sk", "ft"}
    for key in short:
        if key.removeprefix("l_").removeprefix("r_") not in known:
            raise ValueError(f"{name}: unknown key {key!r}")
    # directions in the world may ask a joint for a little more than it can do
    named = {
        joint: min(max(angle, LIMITS[joint][0]), LIMITS[joint][1])
        for joint, angle in _angles(short).items()
    }
    angles = pose(named)
    if name in POSTURES:
        raise ValueError(f"{name} is defined twice")
    POSTURES[name] = Posture(name, angles, family, tags, support, lift)
    other = mirror(angles)
    if np.abs(other - angles).max() > 1.0:
        twin = swap_sides(name)
        if twin == name:
            twin = f"{name} (mirrored)"
        POSTURES[twin] = Posture(twin, other, family, tags, support, lift)


def _read(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, family, tags, values = (part.strip() for part in line.split("|"))
        words = dict(word.split("=") for word in values.split())
        support = words.pop("support", "ground")
        lift = float(words.pop("lift", 0.0))
        short = {key: float(value) for key, value in words.items()}
        _add(name, family, *tags.split(), support=support, lift=lift, **short)


_read(Path(__file__).with_name("postures.txt"))
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(p.family for p in POSTURES.values()))


def _check() -> None:
    for p in POSTURES.values():
        inside = (p.angles >= LOWEST) & (p.angles <= HIGHEST)
        if not inside.all():
            raise ValueError(f"{p.name}: an angle is outside its limits")


_check()
