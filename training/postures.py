"""Named postures: the vocabulary of the kinematic body.

POSTURES maps a name to a Posture. A name that says left or right has its mirrored twin under the
swapped name; other one-sided postures are right-handed and have a twin "NAME (mirrored)".

Shorthand in `_add`, in degrees; a key alone means both sides, l_/r_ one side:
  sh, shab, shrot, el, fa, wr   shoulder flex/abduct/rotate, elbow, forearm rotate, wrist
  hip, hipab, hiprot, knee, ankle   the leg's joints, or, instead of hip/knee/ankle,
  th, sk, ft   where the thigh and the shank point in the world, seen from the side (0 straight
               down, 90 straight ahead, -90 straight back), and the foot (0 flat, + toes up);
               standing postures use these by default, so feet are flat unless told otherwise
  pitch, roll  the whole body from the pelvis; spine, lean, twist, neck, necklean, necktwist
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


def swap_sides(name: str) -> str:
    """The name with left and right exchanged."""
    return name.replace("left", "#").replace("right", "left").replace("#", "right")


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


# --- standing, arms ------------------------------------------------------------------------------
S = "standing"
_add("standing", S, "neutral", shab=6, el=8)
_add("standing feet apart", S, "neutral", hipab=14, shab=8, el=8)
_add("standing wide legs", S, hipab=30, shab=10, el=8)
_add("standing feet wide, arms out to the sides", S, hipab=30, shab=90)
_add("standing hands on hips", S, "neutral", sh=-10, shab=50, shrot=-80, el=98)
_add("standing arms crossed", S, sh=32, shab=12, shrot=-72, el=112)
_add("standing hands behind back", S, sh=-25, shab=12, shrot=-50, el=55)
_add("standing hands behind head", S, sh=40, shab=110, shrot=60, el=148)
_add("standing prayer hands at chest", S, "yoga", sh=25, shab=28, shrot=-55, el=132)
_add("standing hands clasped in front", S, sh=22, shab=2, shrot=-22, el=40)
_add("clapping hands together", S, "daily", sh=45, shab=2, shrot=-30, el=80)
_add("clapping hands apart", S, "daily", sh=45, shab=35, shrot=15, el=70)
_add("clapping overhead", S, sh=172, shab=-4, el=12)
_add("arms forward", S, "raise", sh=90)
_add("arms overhead", S, "raise", sh=175, shab=4)
_add("arms overhead in a V", S, "raise", sh=172, shab=30)
_add("arms out to the sides", S, "raise", shab=90)
_add("arms behind", S, sh=-45, shab=8)
_add("arms half raised to the front", S, "raise", sh=45)
_add("hands up, elbows bent", S, shab=88, shrot=88, el=90)
_add("right arm overhead", S, r_sh=175, l_shab=8)
_add("right arm forward", S, "pointing", r_sh=90, l_shab=8)
_add("right arm out to the side", S, r_shab=90, l_shab=8)
_add("right arm up, left arm out to the side", S, r_sh=175, l_shab=90)
_add("waving, right hand high", S, "daily", r_shab=85, r_shrot=85, r_el=85, l_shab=7)
_add("waving, right hand tilted out", S, "daily", r_shab=85, r_shrot=80, r_el=40, l_shab=7)
_add("saluting with the right hand", S, "daily", r_shab=80, r_sh=15, r_shrot=35, r_el=130)
_add("drinking with the right hand", S, "daily", r_sh=55, r_shab=15, r_shrot=-15, r_el=135, neck=-15)
_add("phone at the right ear", S, "daily", r_sh=20, r_shab=40, r_shrot=20, r_el=145, necklean=-8)
_add("reading, hands in front of the chest", S, "daily", sh=30, shrot=-15, el=95, neck=25)
_add("pointing forward with the right arm", S, "daily", r_sh=88, r_el=4, l_shab=6)
_add("pointing up with the right arm", S, "daily", r_sh=155, r_shab=10, l_shab=6, neck=-20)
_add("reaching up with the right arm on tiptoe", S, "daily", r_sh=178, ft=-35, neck=-25, lean=6)
_add("reaching forward with both arms", S, "daily", sh=85, spine=20, pitch=12)
_add("bowing", S, "daily", pitch=45, spine=15, sh=25, neck=10)
_add("bowing a little", S, "daily", pitch=20, spine=10, neck=15)
_add("picking up from the floor, knees bent", S, "daily", pitch=45, spine=30, th=85, sk=-30, sh=55, el=5)
_add("picking up from the floor, legs straight", S, "daily", pitch=80, spine=40, th=5, sk=-2, sh=105)
_add("carrying in front of the belly", S, "daily", sh=12, el=88, shrot=-5)
_add("throwing overhead with both hands, wound up", S, "ball", sh=185, el=70, spine=-18, pitch=-4)
_add("throwing overhead with both hands, released", S, "ball", sh=120, el=10, spine=22)
_add("side bend to the right, arms overhead", S, "yoga", lean=-32, sh=175, hipab=8)
_add("side bend to the right, left arm overhead", S, lean=-30, l_sh=5, l_shab=170, r_shab=12, hipab=12)
_add("torso turned to the right, arms out", S, "twist", twist=-55, shab=88, hipab=16)
_add("torso turned to the right, hands at chest", S, "twist", twist=-50, sh=40, el=110, shrot=-20, hipab=12)
_add("leaning back, hands on hips", S, spine=-35, pitch=-8, sh=-30, shab=40, shrot=-60, el=95, neck=-20)
_add("shrugged and slouched", S, spine=28, neck=25, sh=10, el=10)
_add("looking up", S, neck=-40, shab=6)
_add("looking down", S, neck=45, shab=6)
_add("looking to the right", S, necktwist=-60, shab=6)
_add("heels raised", S, "calf", ft=-42, shab=6)
_add("heels raised, arms overhead", S, "calf", ft=-42, sh=176)
_add("standing on the right leg, left knee raised", S, "balance", l_th=92, l_sk=0, shab=25)
_add("standing on the right leg, left knee hugged", S, "balance", l_th=115, l_sk=5, sh=42, el=70, shrot=-15)
_add("standing on the right leg, left heel to buttock", S, "balance", l_th=-4, l_sk=-130, l_sh=-35, l_el=25, r_shab=15)
_add("standing on the right leg, left leg out to the side", S, "balance", l_hipab=42, l_hip=0, l_ankle=0, shab=40, lean=-8)
_add("standing on the right leg, left leg forward", S, "balance", l_th=50, l_sk=46, l_ft=50, shab=25)
_add("standing on the right leg, left leg back", S, "balance", l_th=-30, l_sk=-38, pitch=15, shab=25)
_add("walking, right foot forward", S, "walk", r_th=24, r_sk=8, r_ft=14, l_th=-18, l_sk=-38, l_ft=-38, r_sh=-18, l_sh=22, el=15)
_add("walking, right leg passing", S, "walk", r_th=18, r_sk=-38, r_ft=-15, l_th=0, l_sk=-2, sh=2, el=12)
_add("marching, right knee high", S, "walk", r_th=88, r_sk=-5, l_sh=55, l_el=70, r_sh=-25, r_el=70)

# --- squats, lunges, kneeling -----------------------------------------------------------------------
Q = "squat"
_add("quarter squat", Q, pitch=16, th=38, sk=-20, sh=35, hipab=8)
_add("half squat, arms forward", Q, pitch=28, th=62, sk=-26, sh=110, hipab=10)
_add("parallel squat, arms forward", Q, pitch=34, spine=6, th=86, sk=-30, sh=118, hipab=12)
_add("deep squat, arms forward", Q, pitch=32, spine=14, th=112, sk=-36, sh=118, hipab=16)
_add("deep squat, hands at chest", Q, "goblet", pitch=24, spine=12, th=112, sk=-36, sh=35, shrot=-35, el=135, hipab=22)
_add("half squat, hands at chest", Q, "goblet", pitch=22, th=62, sk=-26, sh=32, shrot=-35, el=132, hipab=14)
_add("barbell back squat top", Q, "barbell", sh=-15, shab=42, shrot=55, el=138, hipab=10)
_add("barbell back squat bottom", Q, "barbell", pitch=38, th=92, sk=-30, sh=-15, shab=42, shrot=55, el=138, hipab=16, neck=-15)
_add("front squat top", Q, "barbell", sh=82, el=145, shab=5, hipab=10)
_add("front squat bottom", Q, "barbell", pitch=18, th=100, sk=-36, sh=88, el=145, shab=5, hipab=16)
_add("squat with arms overhead", Q, pitch=28, th=95, sk=-34, sh=188, shab=22, hipab=14)
_add("sumo squat bottom", Q, pitch=14, hip=78, knee=86, hipab=48, ankle=12, sh=30, el=10)
_add("sumo squat top", Q, hipab=34, hip=5, sh=14, shrot=-10, hiprot=25)
_add("goddess", Q, "yoga", hip=72, knee=82, hipab=55, ankle=5, shab=90, shrot=88, el=90)
_add("single leg squat on the right leg", Q, "balance", pitch=38, spine=12, r_th=95, r_sk=-36, l_th=72, l_sk=66, l_ft=70, sh=118)
_add("wall sit", Q, th=90, sk=0, shab=8)
_add("side lunge to the right", Q, "lunge", pitch=34, r_hip=112, r_knee=98, r_hipab=22, r_ankle=25, l_hip=30, l_knee=0, l_hipab=48, sh=60, el=100, shrot=-20)
_add("curtsy lunge, right leg behind", Q, "lunge", pitch=18, l_th=60, l_sk=-22, r_th=-12, r_sk=-88, r_ft=-60, r_hipab=-22, sh=30, el=100)
L = "lunge"
_add("lunge, right leg forward", L, pitch=4, r_th=84, r_sk=-4, l_th=-8, l_sk=-84, l_ft=-60, shab=6, el=8)
_add("half lunge, right leg forward", L, pitch=4, r_th=50, r_sk=-10, l_th=-22, l_sk=-60, l_ft=-55, shab=6)
_add("split stance, right leg forward", L, r_th=26, r_sk=12, l_th=-24, l_sk=-34, l_ft=-40, shab=6)
_add("lunge, right leg forward, hands on hips", L, pitch=4, r_th=84, r_sk=-4, l_th=-8, l_sk=-84, l_ft=-60, sh=-10, shab=50, shrot=-80, el=98)
_add("lunge, right leg forward, arms overhead", L, "yoga", pitch=0, r_th=80, r_sk=-4, l_th=-40, l_sk=-52, l_ft=-55, sh=176, spine=-8)
_add("low lunge, right leg forward, hands on the floor", L, "yoga", pitch=62, spine=12, r_th=100, r_sk=-5, l_th=-55, l_sk=-64, l_ft=-60, sh=78, neck=-20)
_add("low lunge, right leg forward, arms overhead", L, "yoga", "kneel", pitch=-6, spine=-18, r_th=78, r_sk=-16, l_th=-45, l_sk=-88, l_ankle=-50, sh=176, neck=-12)
_add("bulgarian split squat, right leg forward", L, pitch=18, r_th=82, r_sk=-12, l_th=-25, l_sk=-115, l_ankle=-20, shab=6)
_add("warrior 1, right leg forward", L, "yoga", r_th=72, r_sk=0, l_th=-42, l_sk=-43, l_ft=-10, l_hiprot=20, sh=176, pitch=2, neck=-8)
_add("warrior 2, right knee bent", L, "yoga", r_hip=65, r_hipab=70, r_knee=72, r_ankle=5, l_hip=-6, l_hipab=48, l_knee=0, shab=90, necktwist=-70)
_add("warrior 3, standing on the right leg", L, "yoga", "balance", pitch=82, r_th=0, r_sk=0, l_th=-84, l_sk=-86, l_ankle=-20, sh=172, neck=-20)
_add("reverse warrior, right knee bent", L, "yoga", r_hip=65, r_hipab=70, r_knee=72, r_ankle=5, l_hip=-6, l_hipab=48, lean=22, r_shab=165, l_shab=22, necklean=10)
_add("side angle, right knee bent", L, "yoga", roll=-32, lean=-22, r_hip=78, r_hipab=62, r_knee=78, r_ankle=5, l_hip=-4, l_hipab=72, r_shab=45, l_shab=165)
_add("triangle to the right", L, "yoga", roll=-55, lean=-22, r_hip=10, r_hipab=85, l_hip=0, l_hipab=-20, r_shab=92, l_shab=92, necktwist=40)
_add("wide legs, arms out for triangle", L, "yoga", hipab=33, shab=90)
_add("pyramid, right leg forward", L, "yoga", pitch=75, spine=30, r_th=26, r_sk=24, l_th=-24, l_sk=-26, l_ft=-8, sh=110)
_add("wide legged forward fold", L, "yoga", pitch=85, spine=28, hip=90, hipab=35, knee=0, ankle=8, sh=105, neck=5)
K = "kneeling"
_add("kneeling upright", K, th=0, sk=-90, ankle=-50, shab=6)
_add("kneeling upright, arms overhead", K, th=0, sk=-90, ankle=-50, sh=176)
_add("sitting on the heels", K, "floor", th=68, sk=-88, ankle=-55, sh=22, el=20)
_add("half kneeling, right foot forward", K, "lunge", r_th=90, r_sk=0, l_th=0, l_sk=-90, l_ankle=10, shab=6, el=8)
_add("half kneeling, right foot forward, hands on knee", K, r_th=88, r_sk=-5, l_th=-8, l_sk=-90, l_ankle=-40, sh=38, el=35, shrot=-15, pitch=8)
_add("camel", K, "yoga", th=-8, sk=-92, ankle=-50, pitch=-20, spine=-48, sh=-40, neck=-40)
_add("child's pose", K, "yoga", "floor", pitch=74, spine=26, th=64, sk=-88, ankle=-60, hipab=10, sh=182, neck=12)
_add("child's pose, arms along the body", K, "yoga", pitch=74, spine=30, th=64, sk=-88, ankle=-60, sh=12, neck=15)

# --- sitting ------------------------------------------------------------------------------------
C = "chair"
_add("sitting on a chair", C, "sit", th=86, sk=-2, sh=18, el=35, shrot=-8)
_add("sitting on a chair, hands on knees", C, "sit", th=86, sk=-2, sh=35, el=25)
_add("sitting on a chair, leaning forward", C, "sit", pitch=28, spine=15, th=86, sk=-18, sh=25, el=40)
_add("sitting on a chair, arms overhead", C, "sit", th=86, sk=-2, sh=176)
_add("sitting down, half way", C, "sit", pitch=36, th=60, sk=-26, sh=45, el=20)
_add("sitting, legs extended forward", C, "sit", "machine", th=84, sk=78, ft=75, sh=-10, el=20, pitch=-8)
_add("sitting, arms at chest height, elbows back", C, "sit", "press", th=82, sk=0, pitch=-8, sh=10, shab=68, el=98)
_add("sitting, arms pressed forward", C, "sit", "press", th=82, sk=0, pitch=-8, sh=86, shab=8, el=5)
_add("sitting, dumbbells at the shoulders", C, "sit", "press", th=84, sk=0, shab=72, sh=10, shrot=80, el=125)
_add("sitting, dumbbells pressed overhead", C, "sit", "press", th=84, sk=0, sh=8, shab=168, el=8)
_add("sitting, arms reaching up for the pulldown", C, "sit", "pull", th=82, sk=-5, sh=8, shab=150, el=10, pitch=-4)
_add("sitting, pulldown at the chest", C, "sit", "pull", th=82, sk=-5, shab=48, shrot=72, el=130, pitch=-12)
_add("seated row, arms extended", C, "sit", "row", th=78, sk=35, sh=85, pitch=14)
_add("seated row, hands at the belly", C, "sit", "row", th=78, sk=35, sh=-28, el=108, pitch=-10)
_add("rowing catch", C, "sit", "row", "floor", pitch=22, spine=15, th=125, sk=-10, sh=95, el=3)
_add("rowing finish", C, "sit", "row", "floor", pitch=-22, th=82, sk=75, ft=60, sh=-25, el=110)
_add("preacher curl bottom", C, "sit", "curl", th=80, sk=-5, pitch=10, sh=45, el=12, fa=80)
_add("preacher curl top", C, "sit", "curl", th=80, sk=-5, pitch=10, sh=48, el=125, fa=80)
_add("cycling, right knee up", C, "sit", "bike", pitch=42, spine=12, r_th=98, r_sk=-8, l_th=42, l_sk=18, sh=88, el=25)
F = "floor"
_add("sitting cross-legged", F, "sit", "yoga", pitch=-4, hip=96, hipab=46, hiprot=74, knee=125, ankle=-20, sh=22, el=35)
_add("sitting cross-legged, arms overhead", F, "sit", "yoga", pitch=-4, hip=96, hipab=46, hiprot=74, knee=125, ankle=-20, sh=174)
_add("sitting cross-legged, prayer hands", F, "sit", "yoga", pitch=-4, hip=96, hipab=46, hiprot=74, knee=125, ankle=-20, sh=25, shab=28, shrot=-55, el=132)
_add("sitting cross-legged, twisted to the right", F, "sit", "yoga", pitch=-4, hip=96, hipab=46, hiprot=74, knee=125, ankle=-20, twist=-50, r_sh=-35, l_sh=35, l_shrot=-35, l_el=25, necktwist=-30)
_add("sitting on the floor, legs straight", F, "sit", "yoga", hip=88, knee=2, sh=-12, shab=5)
_add("seated forward fold", F, "sit", "yoga", pitch=42, spine=42, hip=130, knee=4, ankle=5, sh=115, neck=10)
_add("sitting on the floor, knees bent", F, "sit", hip=100, knee=95, ankle=0, pitch=-6, sh=40, el=40)
_add("sitting on the floor, leaning back on the hands", F, "sit", hip=62, knee=10, pitch=-28, sh=-55, shab=8)
_add("sitting on the floor, legs wide", F, "sit", "yoga", hip=86, hipab=45, knee=2, sh=40)
_add("butterfly seat", F, "sit", "yoga", hip=92, hipab=55, hiprot=74, knee=132, sh=38, el=20, shrot=-12)
_add("boat", F, "sit", "yoga", "core", pitch=-36, hip=94, knee=4, ankle=-25, sh=58)
_add("boat, knees bent", F, "sit", "yoga", "core", pitch=-32, hip=100, knee=72, ankle=-10, sh=60)
_add("russian twist, hands to the right", F, "sit", "core", pitch=-34, twist=-42, hip=92, knee=75, l_sh=52, l_shab=-28, r_sh=40, r_shab=20, el=35)
_add("pigeon, right leg forward", F, "yoga", pitch=36, spine=-22, r_hip=122, r_hipab=25, r_hiprot=74, r_knee=100, l_hip=-42, l_knee=6, l_ankle=-50, sh=52)
_add("half splits, right leg forward", F, "yoga", pitch=40, spine=30, r_th=60, r_sk=58, r_ft=50, l_th=0, l_sk=-90, l_ankle=-50, sh=72)
_add("hurdler stretch, right leg forward", F, "sit", pitch=35, spine=30, r_hip=122, r_knee=2, l_hip=85, l_hipab=50, l_hiprot=-40, l_knee=125, sh=105)

# --- lying ----------------------------------------------------------------------------------------
B = "supine"
_add("lying on the back", B, "lying", pitch=-90, shab=14)
_add("lying on the back, arms overhead", B, "lying", pitch=-90, sh=172)
_add("lying on the back, arms out to the sides", B, "lying", pitch=-90, shab=88)
_add("lying on the back, knees bent", B, "lying", pitch=-90, hip=50, knee=105, ankle=-30, shab=14)
_add("lying on the back, knees hugged", B, "lying", "yoga", pitch=-90, hip=130, knee=135, sh=52, el=70, shrot=-20)
_add("lying on the back, right knee hugged", B, "lying", pitch=-90, r_hip=128, r_knee=135, sh=48, el=75, shrot=-15)
_add("bridge", B, "yoga", pitch=-118, hip=-12, knee=88, ankle=8, sh=-25, shab=14, neck=40)
_add("single leg bridge, right leg up", B, pitch=-118, hip=-12, knee=88, ankle=8, r_hip=10, r_knee=8, sh=-25, shab=14, neck=40)
_add("wheel", B, "yoga", pitch=-95, spine=-60, hip=-42, knee=68, ankle=10, sh=188, el=10, neck=-40)
_add("crunch top", B, "core", pitch=-88, spine=42, hip=50, knee=105, ankle=-30, shab=105, sh=35, shrot=60, el=145, neck=20)
_add("sit-up top", B, "core", "sit", pitch=-4, spine=22, hip=105, knee=105, ankle=-5, shab=100, sh=35, shrot=60, el=145)
_add("sit-up half way", B, "core", pitch=-52, spine=30, hip=72, knee=105, ankle=-15, sh=55, el=10)
_add("lying on the back, legs raised", B, "core", pitch=-90, hip=88, knee=6, ankle=-20, shab=12)
_add("lying on the back, legs half raised", B, "core", pitch=-90, hip=38, knee=4, ankle=-25, shab=12)
_add("V-sit, hands to the feet", B, "core", pitch=-42, spine=12, hip=108, knee=4, ankle=-25, sh=88)
_add("bicycle crunch, right knee in", B, "core", pitch=-86, spine=38, twist=-28, r_hip=105, r_knee=105, l_hip=22, l_knee=6, shab=105, sh=35, shrot=60, el=145)
_add("dead bug, right arm and left leg out", B, "core", pitch=-90, r_sh=165, l_sh=90, r_hip=90, r_knee=90, l_hip=22, l_knee=8)
_add("dead bug, arms and knees up", B, "core", pitch=-90, sh=90, hip=90, knee=90)
_add("hollow hold", B, "core", pitch=-80, spine=20, hip=32, knee=3, ankle=-40, sh=165, neck=15)
_add("happy baby", B, "yoga", pitch=-92, hip=118, hipab=38, knee=92, sh=88, shab=12, el=15)
_add("supine twist, knees to the right", B, "yoga", roll=-82, hip=92, knee=92, twist=62, shab=85, sh=5)
_add("plow", B, "yoga", "inverted", pitch=-160, spine=55, hip=110, knee=2, ankle=20, sh=-35, neck=55)
_add("shoulder stand", B, "yoga", "inverted", pitch=-168, spine=20, hip=0, knee=2, ankle=-30, sh=-35, el=110, shab=10, neck=58)
_add("bench press bottom", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=8, shab=62, el=102)
_add("bench press top", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=86, shab=10, el=4)
_add("bench press half way", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=45, shab=48, el=62)
_add("dumbbell fly open", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=8, shab=84, el=22, shrot=60)
_add("dumbbell fly closed", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=88, shab=0, el=18)
_add("skull crusher bottom", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=95, el=118)
_add("skull crusher top", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=92, el=8)
_add("dumbbell pullover back", B, "bench", pitch=-88, hip=-2, hipab=15, knee=86, sh=172, el=28)
_add("incline press bottom", B, "bench", pitch=-48, hip=50, hipab=15, knee=92, sh=12, shab=66, el=105)
_add("incline press top", B, "bench", pitch=-48, hip=50, hipab=15, knee=92, sh=105, shab=8, el=5)
N = "prone"
_add("lying on the front", N, "lying", pitch=90, ankle=-50, shab=14, necktwist=50)
_add("lying on the front, arms overhead", N, "lying", pitch=90, ankle=-50, sh=174)
_add("superman", N, "core", pitch=88, spine=-28, hip=-24, ankle=-50, sh=180, neck=-20)
_add("cobra", N, "yoga", pitch=84, spine=-52, hip=-8, ankle=-55, sh=28, el=45, neck=-20)
_add("upward facing dog", N, "yoga", pitch=66, spine=-50, hip=-22, ankle=-55, sh=22, neck=-20)
_add("sphinx", N, "yoga", pitch=88, spine=-38, hip=-6, ankle=-55, sh=52, el=88, neck=-12)
_add("bow", N, "yoga", pitch=88, spine=-45, hip=-40, knee=95, ankle=-20, sh=-52, shab=15, neck=-30)
_add("locust", N, "yoga", pitch=88, spine=-26, hip=-22, ankle=-50, sh=-18, neck=-15)
_add("swimming crawl, right arm forward", N, "swim", pitch=88, r_sh=175, l_sh=-5, r_hip=8, l_hip=-10, l_knee=10, ankle=-50, roll=0)
D = "side"
_add("lying on the right side", D, "lying", roll=-90, hip=25, knee=40, r_sh=120, r_el=110, l_sh=30, l_el=40)
_add("lying on the right side, left leg raised", D, "lying", roll=-90, l_hipab=42, r_sh=150, r_el=130, l_sh=35, l_el=60)
_add("side plank on the right hand", D, "plank", roll=-66, r_shab=66, l_shab=92, hip=0)
_add("side plank on the right forearm", D, "plank", roll=-72, r_shab=72, r_el=90, l_shab=95, hip=0)
A = "all fours"
_add("all fours", A, pitch=86, hip=88, knee=88, ankle=-50, sh=84, neck=-15)
_add("cat, back rounded", A, "yoga", pitch=70, spine=55, hip=76, knee=90, ankle=-50, sh=98, neck=45)
_add("cow, back arched", A, "yoga", pitch=102, spine=-38, hip=98, knee=86, ankle=-50, sh=70, neck=-40)
_add("bird dog, right arm and left leg out", A, "yoga", pitch=86, r_hip=88, r_knee=88, ankle=-50, l_hip=0, l_knee=2, l_sh=84, r_sh=172, neck=-15)
_add("donkey kick, right leg up", A, pitch=88, hip=88, knee=88, ankle=-50, r_hip=-8, r_knee=88, sh=86)
_add("thread the needle, right arm under", A, "yoga", pitch=100, hip=105, knee=88, ankle=-50, twist=45, r_sh=80, r_shab=-45, l_sh=130, l_el=60)
_add("crawling, right hand forward", A, "crawl", pitch=86, r_sh=112, l_sh=66, r_hip=70, l_hip=108, knee=90, ankle=-50)
_add("bear hover, knees off the floor", A, "core", pitch=84, hip=100, knee=92, ankle=25, sh=82)
P = "plank"
_add("high plank", P, "yoga", pitch=72, ankle=14, sh=72, neck=-10)
_add("forearm plank", P, pitch=82, ankle=14, sh=82, el=90, neck=-10)
_add("push-up bottom", P, pitch=86, ankle=10, sh=4, shab=48, el=100, neck=-15)
_add("push-up half way", P, pitch=79, ankle=12, sh=42, shab=32, el=62, neck=-12)
_add("chaturanga, low plank", P, "yoga", pitch=84, ankle=10, sh=-8, shab=12, el=92, neck=-10)
_add("knee push-up top", P, pitch=66, hip=4, knee=72, ankle=-40, sh=66)
_add("knee push-up bottom", P, pitch=84, hip=4, knee=80, ankle=-40, sh=4, shab=48, el=100)
_add("pike push-up top", P, "yoga", pitch=130, hip=72, ankle=15, sh=170)
_add("downward facing dog", P, "yoga", pitch=128, spine=-2, hip=80, knee=4, ankle=25, sh=176, neck=8)
_add("three legged dog, right leg up", P, "yoga", pitch=128, hip=80, knee=4, ankle=25, r_hip=-12, r_knee=4, r_ankle=-30, sh=176)
_add("mountain climber, right knee in", P, "core", pitch=76, r_hip=112, r_knee=115, r_ankle=-10, ankle=14, sh=78)
_add("plank, right arm forward", P, pitch=74, ankle=14, l_sh=74, r_sh=165)
_add("plank, right leg raised", P, pitch=74, ankle=14, r_hip=-22, r_ankle=-20, sh=74)
_add("reverse plank", P, "yoga", pitch=-70, ankle=-55, sh=-55, neck=-10)
_add("crab", P, pitch=-100, hip=-5, knee=85, sh=-58, neck=15)
_add("burpee squat, hands on the floor", P, "burpee", pitch=72, spine=22, hip=142, knee=112, ankle=25, sh=92, neck=-15)
_add("handstand", "inverted", "yoga", pitch=180, sh=178, ankle=-40)
_add("headstand", "inverted", "yoga", pitch=180, sh=150, el=105, shrot=-15, ankle=-40)
_add("forearm stand", "inverted", "yoga", pitch=175, sh=178, el=90, ankle=-40, neck=-40)
_add("handstand, legs split, right leg forward", "inverted", pitch=178, sh=178, r_hip=55, l_hip=-38, ankle=-40)
_add("cartwheel, upside down", "inverted", "gymnastics", roll=-178, shab=165, hipab=50, ankle=-40)
_add("crow", "inverted", "yoga", pitch=105, spine=28, hip=148, hipab=18, knee=150, sh=72, shab=10, el=55, ankle=-30, neck=-35)

# --- yoga, standing -------------------------------------------------------------------------------
Y = "yoga standing"
_add("mountain pose", Y, "yoga", shab=8, el=2, fa=60)
_add("mountain pose, arms overhead, palms together", Y, "yoga", sh=176, shab=-4, neck=-15)
_add("standing backbend, arms overhead", Y, "yoga", pitch=-10, spine=-32, sh=180, neck=-20)
_add("standing forward fold", Y, "yoga", pitch=98, spine=38, th=6, sk=2, sh=112, neck=5)
_add("half lift, flat back", Y, "yoga", pitch=82, spine=0, th=6, sk=2, sh=62, neck=-22)
_add("chair pose", Y, "yoga", "squat", pitch=34, th=62, sk=-28, sh=182, neck=-10)
_add("chair pose, twisted to the right, prayer hands", Y, "yoga", pitch=38, th=65, sk=-28, twist=-55, sh=28, shab=28, shrot=-55, el=130)
_add("tree, standing on the left leg", Y, "yoga", "balance", l_hip=0, r_hip=58, r_hipab=65, r_hiprot=40, r_knee=128, r_ankle=-30, sh=174, shab=2)
_add("tree, standing on the left leg, prayer hands", Y, "yoga", "balance", l_hip=0, r_hip=58, r_hipab=65, r_hiprot=40, r_knee=128, r_ankle=-30, sh=25, shab=28, shrot=-55, el=132)
_add("dancer, standing on the left leg", Y, "yoga", "balance", "dance", pitch=38, spine=-32, l_th=0, l_sk=0, r_th=-82, r_sk=-160, r_ankle=-30, l_sh=150, r_sh=-52, neck=-15)
_add("eagle, standing on the left leg", Y, "yoga", "balance", pitch=20, l_th=40, l_sk=-24, r_hip=78, r_hipab=-24, r_knee=85, r_ankle=-30, sh=85, shab=-28, el=105, shrot=0)
_add("half moon, standing on the right leg", Y, "yoga", "balance", roll=-80, r_hip=4, r_hipab=78, l_hip=0, l_hipab=5, r_shab=88, l_shab=92)
_add("extended hand to big toe, left leg standing", Y, "yoga", "balance", r_th=84, r_sk=80, r_ft=80, r_sh=82, l_shab=50, l_shrot=-80, l_el=98)
_add("lord of the dance prep, holding the right foot behind", Y, "yoga", "balance", r_th=-12, r_sk=-135, r_ankle=-30, r_sh=-42, r_el=25, l_sh=120)

# --- gym, standing ------------------------------------------------------------------------------
G = "gym"
_add("curl bottom", G, "curl", sh=2, shab=6, el=10, fa=80)
_add("curl half way", G, "curl", sh=6, shab=6, el=80, fa=80)
_add("curl top", G, "curl", sh=18, shab=6, el=138, fa=80)
_add("hammer curl half way", G, "curl", sh=4, shab=8, el=85, fa=0)
_add("curl, right arm up", G, "curl", shab=6, r_sh=15, r_el=135, r_fa=70, l_el=10)
_add("lateral raise half way", G, "raise", shab=48, el=12)
_add("lateral raise top", G, "raise", shab=88, el=12, sh=6)
_add("front raise top", G, "raise", sh=92, shab=4, el=6)
_add("front raise, right arm", G, "raise", r_sh=92, l_shab=6)
_add("overhead press rack, fists at the shoulders", G, "press", sh=30, shab=38, shrot=45, el=142)
_add("overhead press, elbows out, upper arms level", G, "press", shab=86, shrot=88, el=92)
_add("overhead press top", G, "press", sh=175, shab=10, el=4)
_add("upright row top", G, "pull", sh=15, shab=92, shrot=-60, el=128)
_add("shrug", G, "pull", shab=6, neck=12)
_add("triceps pushdown top", G, "triceps", sh=14, shab=5, el=108, pitch=8)
_add("triceps pushdown bottom", G, "triceps", sh=4, shab=6, el=6, pitch=10)
_add("overhead triceps extension bottom", G, "triceps", sh=172, el=125)
_add("overhead triceps extension top", G, "triceps", sh=176, el=6)
_add("triceps kickback, arms extended", G, "triceps", pitch=62, th=22, sk=-14, sh=-5, el=5, neck=-15)
_add("triceps kickback, elbows bent", G, "triceps", pitch=62, th=22, sk=-14, sh=-5, el=92, neck=-15)
_add("bent-over row bottom", G, "row", "hinge", pitch=58, th=24, sk=-16, sh=56, el=4, neck=-15)
_add("bent-over row top", G, "row", "hinge", pitch=58, th=24, sk=-16, sh=-18, shab=18, el=92, neck=-15)
_add("bent-over lateral raise", G, "raise", "hinge", pitch=68, th=22, sk=-14, sh=58, shab=82, el=12)
_add("deadlift bottom", G, "hinge", pitch=58, th=58, sk=-22, sh=60, el=0, neck=-20)
_add("deadlift half way", G, "hinge", pitch=42, th=32, sk=-12, sh=42, neck=-15)
_add("deadlift top", G, "hinge", sh=8, shab=4, el=2)
_add("romanian deadlift bottom", G, "hinge", pitch=72, th=16, sk=-8, sh=72, neck=-15)
_add("single leg deadlift on the right leg", G, "hinge", "balance", pitch=76, r_th=6, r_sk=-8, l_th=-72, l_sk=-76, sh=76)
_add("good morning bottom", G, "hinge", pitch=68, th=16, sk=-10, sh=-15, shab=42, shrot=55, el=138)
_add("kettlebell swing, between the legs", G, "hinge", "swing", pitch=58, th=34, sk=-18, hipab=16, sh=30, shab=-5, neck=-15)
_add("kettlebell swing top", G, "swing", sh=92, shab=-6, hipab=14)
_add("clean catch", G, "barbell", pitch=10, th=50, sk=-24, sh=82, el=145, hipab=12)
_add("snatch catch", G, "barbell", pitch=24, th=88, sk=-32, sh=190, shab=25, hipab=16)
_add("jerk split, right leg forward", G, "barbell", r_th=48, r_sk=-4, l_th=-22, l_sk=-50, l_ft=-50, sh=176, shab=12)
_add("wood chop high, to the right", G, "core", twist=-35, l_sh=130, l_shab=-25, r_sh=135, r_shab=20)
_add("wood chop low, to the left", G, "core", pitch=28, twist=35, th=34, sk=-20, r_sh=42, r_shab=-25, l_sh=35, l_shab=20)
_add("cable fly open", G, "press", shab=84, sh=12, el=20, shrot=60, pitch=6)
_add("cable fly closed", G, "press", sh=72, shab=-5, el=22, pitch=10)
_add("face pull end", G, "pull", shab=88, sh=12, shrot=70, el=125)
_add("lat pushdown top", G, "pull", pitch=25, sh=135) 
_add("dip top", "dip", pitch=8, sh=-4, shab=10, el=4, hip=15, knee=85, ankle=-25, lift=0.3)
_add("dip bottom", "dip", pitch=22, sh=-58, shab=14, el=98, hip=20, knee=88, ankle=-25, lift=0.15)
_add("bench dip bottom", "dip", "sit", pitch=2, sh=-58, shab=8, el=88, hip=100, knee=25, ankle=-20)
H = "hanging"
_add("hanging from a bar", H, "pull", support="hands", sh=172, shab=14, ankle=-30)
_add("pull-up top", H, "pull", support="hands", shab=42, sh=18, shrot=75, el=142, knee=25, ankle=-30, neck=-15)
_add("pull-up half way", H, "pull", support="hands", shab=92, sh=20, shrot=82, el=92, knee=15, ankle=-30, neck=-12)
_add("chin-up top", H, "pull", support="hands", sh=52, shab=6, el=148, fa=60, knee=30, ankle=-30)
_add("hanging knee raise", H, "core", support="hands", sh=172, shab=12, hip=100, knee=100, spine=12)
_add("hanging leg raise", H, "core", support="hands", sh=165, shab=12, hip=92, knee=4, spine=12, pitch=-10, ankle=-30)
_add("toes to bar", H, "core", support="hands", sh=140, shab=12, hip=138, knee=8, spine=35, pitch=-40, ankle=-30)
_add("hanging, knees bent back", H, "pull", support="hands", sh=172, shab=14, hip=0, knee=85, ankle=-30)

# --- jumping and athletics ------------------------------------------------------------------------
J = "jump"
_add("jumping jack open", J, "jack", hipab=28, shab=158, el=8, ankle=0, lift=0.05)
_add("jumping jack closed", J, "jack", shab=8, el=8)
_add("jumping jack half open", J, "jack", hipab=16, shab=82, lift=0.12, ankle=-35)
_add("jump crouch, arms back", J, pitch=42, th=58, sk=-30, sh=-40, neck=-10)
_add("jump take-off, arms up", J, sh=168, ft=-50, th=-3, sk=-3)
_add("jump flight, body stretched", J, sh=165, ankle=-50, hip=-3, knee=4, lift=0.4)
_add("jump flight, knees tucked", J, pitch=12, hip=105, knee=110, ankle=-20, sh=75, el=20, lift=0.6)
_add("jump flight, arms down", J, shab=18, ankle=-40, knee=15, hip=6, lift=0.3)
_add("jump landing", J, pitch=36, th=62, sk=-28, sh=70, shab=15)
_add("split jump, legs apart sideways", J, "dance", hipab=70, hip=40, shab=85, ankle=-45, lift=0.5)
_add("leap, right leg forward", J, "dance", "hurdle", r_hip=85, r_knee=8, l_hip=-42, l_knee=20, ankle=-45, l_sh=85, r_shab=80, lift=0.5)
_add("long jump flight, legs forward", J, "athletics", pitch=25, spine=20, hip=115, knee=22, sh=95, lift=0.6)
_add("high jump, arched over the bar", J, "athletics", pitch=-105, spine=-45, hip=-30, knee=70, sh=-10, neck=-30, lift=1.2)
R = "running"
_add("running, right knee up", R, "athletics", pitch=8, r_th=68, r_sk=-22, r_ft=-5, l_th=-22, l_sk=-40, l_ft=-50, l_sh=42, l_el=92, r_sh=-42, r_el=92)
_add("running, right foot landing", R, "athletics", pitch=8, r_th=32, r_sk=4, r_ft=8, l_th=-5, l_sk=-92, l_ft=-80, l_sh=22, r_sh=-22, el=92)
_add("running, right foot under the body", R, "athletics", pitch=8, r_th=22, r_sk=-20, l_th=12, l_sk=-105, l_ankle=-20, sh=-5, el=92)
_add("sprinting, right knee high", R, "athletics", pitch=14, r_th=92, r_sk=-20, r_ft=5, l_th=-28, l_sk=-48, l_ft=-55, l_sh=72, l_el=95, r_sh=-55, r_el=85)
_add("high knees, right knee up", R, r_th=100, r_sk=-5, l_th=0, l_sk=-4, l_ft=-25, l_sh=45, r_sh=-20, el=95)
_add("butt kicks, right heel up", R, r_th=-5, r_sk=-140, l_ft=-20, el=90)
_add("sprint start, on the marks", R, "athletics", "start", pitch=74, spine=18, r_hip=118, r_knee=110, r_ankle=15, l_hip=82, l_knee=112, l_ankle=20, sh=88)
_add("sprint start, set", R, "athletics", "start", pitch=96, spine=12, r_hip=112, r_knee=82, r_ankle=22, l_hip=82, l_knee=58, l_ankle=25, sh=98, neck=-10)
_add("sprint start, driving out", R, "athletics", "start", pitch=52, r_th=72, r_sk=-55, l_th=-48, l_sk=-52, l_ft=-55, l_sh=110, r_sh=-50, el=80)
_add("hurdle clearance, right leg leading", R, "athletics", "hurdle", pitch=42, spine=10, r_hip=128, r_knee=12, l_hip=70, l_hipab=75, l_knee=115, l_sh=105, r_sh=-20, r_el=80, lift=0.7)
T = "throwing"
_add("javelin carry, right arm drawn back", T, "athletics", lean=-12, twist=-45, r_sh=0, r_shab=100, r_el=8, l_sh=70, l_el=30, r_th=-10, r_sk=-25, l_th=35, l_sk=20)
_add("javelin delivery, right arm overhead", T, "athletics", spine=-18, twist=8, r_sh=120, r_shab=40, r_shrot=60, r_el=75, l_sh=10, l_el=80, l_th=36, l_sk=32, r_th=-28, r_sk=-60, r_ft=-50)
_add("throw follow-through, right arm down and across", T, "ball", pitch=32, spine=22, twist=35, r_sh=55, r_shab=-25, r_el=20, l_sh=-30, l_el=60, l_th=30, l_sk=-8, r_th=-25, r_sk=-75, r_ft=-60)
_add("shot put glide, crouched, shot at the neck", T, "athletics", pitch=38, twist=-30, r_th=68, r_sk=-30, l_th=-35, l_sk=-40, l_ft=-45, r_sh=35, r_shab=62, r_shrot=45, r_el=150, l_sh=60)
_add("shot put release, right arm pushed up", T, "athletics", spine=-10, twist=25, r_sh=128, r_shab=12, r_el=6, l_sh=-15, l_shab=20, l_el=80, r_th=-12, r_sk=-15, r_ft=-40, l_th=20, l_sk=18)
_add("discus wind-up, twisted back", T, "athletics", pitch=18, twist=-60, r_sh=-10, r_shab=92, l_sh=65, l_shab=-20, hipab=18, th=32, sk=-22)
_add("discus release, right arm swung out", T, "athletics", twist=30, r_sh=40, r_shab=78, l_shab=60, l_sh=-20, hipab=16, th=5, ft=-12)
_add("hammer swing, arms straight in front", T, "athletics", sh=78, shab=-6, pitch=-12, th=25, sk=-22, hipab=12)
_add("bowling wind-up, right arm back", T, "ball", pitch=32, r_sh=-55, r_el=2, l_shab=40, l_sh=30, l_th=38, l_sk=-25, r_th=2, r_sk=-30)
_add("bowling release, sliding lunge", T, "ball", pitch=48, r_sh=70, r_el=5, l_shab=70, l_th=70, l_sk=-30, r_th=-28, r_sk=-62, r_hipab=-15, r_ft=-55)
_add("cricket bowl, right arm vertical", T, "ball", lean=-10, r_sh=175, l_sh=20, l_el=60, l_th=30, l_sk=28, r_th=-25, r_sk=-50, r_ft=-45)
_add("baseball pitch, leg lifted, hands at chest", T, "ball", "balance", l_th=92, l_sk=-5, sh=35, shrot=-30, el=120, twist=-18, spine=5)
_add("baseball pitch, stride, right arm cocked", T, "ball", "lunge", l_th=58, l_sk=8, r_th=-30, r_sk=-62, r_ft=-40, r_shab=92, r_shrot=75, r_el=92, l_sh=75, l_el=30, twist=-25)
_add("football throw, right arm cocked", T, "ball", twist=-35, r_shab=92, r_shrot=80, r_el=100, l_sh=75, l_el=55, r_th=-10, r_sk=-20, l_th=22, l_sk=15)
_add("football throw, released", T, "ball", twist=20, r_sh=118, r_el=10, l_sh=-10, l_el=70, l_th=25, l_sk=15, r_th=-18, r_sk=-40, r_ft=-35)
_add("throw-in, ball behind head", T, "ball", sh=175, el=110, spine=-22, r_th=-15, r_sk=-20, l_th=15, l_sk=10)
_add("underarm toss, right arm forward", T, "ball", r_sh=60, r_el=10, l_shab=10, pitch=10, th=20, sk=-15)

# --- ball games ----------------------------------------------------------------------------------
X = "ball game"
_add("basketball triple threat", X, "basketball", pitch=26, th=45, sk=-24, sh=22, shab=15, shrot=-20, el=105, hipab=10)
_add("basketball set point, ball above the forehead", X, "basketball", sh=112, el=95, l_shab=15, th=22, sk=-16, shab=5, ft=-6)
_add("basketball shot release", X, "basketball", r_sh=150, r_el=8, r_wr=50, l_sh=135, l_el=30, ft=-42)
_add("basketball jump shot release", X, "basketball", r_sh=150, r_el=8, r_wr=50, l_sh=135, l_el=30, ankle=-45, hip=4, knee=8, lift=0.35)
_add("basketball dribble, right hand", X, "basketball", pitch=28, th=40, sk=-24, r_sh=10, r_shab=12, r_el=60, l_sh=30, l_el=60, l_shab=20)
_add("basketball lay-up, right arm up, right knee up", X, "basketball", r_sh=168, r_el=15, l_sh=90, l_el=60, r_hip=95, r_knee=95, l_hip=-4, l_knee=6, ankle=-40, lift=0.45)
_add("basketball chest pass, arms extended", X, "basketball", sh=82, el=4, pitch=10, l_th=20, l_sk=12, r_th=-15, r_sk=-30, r_ft=-25)
_add("basketball defence, arms wide, knees bent", X, "basketball", pitch=24, th=55, sk=-26, hipab=22, shab=72, sh=20, el=20)
_add("tennis ready position", X, "racket", pitch=22, th=34, sk=-22, hipab=14, sh=28, shrot=-25, el=80)
_add("tennis serve trophy", X, "racket", lean=-14, twist=-30, l_sh=165, l_el=4, r_shab=95, r_shrot=70, r_el=110, th=30, sk=-25, neck=-30)
_add("tennis serve racket drop", X, "racket", spine=-14, r_sh=120, r_shab=50, r_shrot=75, r_el=140, l_sh=90, l_el=60, th=10, sk=-10, ft=-25)
_add("tennis serve contact", X, "racket", r_sh=172, r_el=5, l_sh=30, l_el=95, lean=10, ankle=-45, hip=0, knee=5, lift=0.2, neck=-25)
_add("tennis serve follow-through", X, "racket", pitch=35, spine=15, twist=30, r_sh=40, r_shab=-30, r_el=25, l_sh=-15, l_el=70, l_th=38, l_sk=-15, r_th=-20, r_sk=-70, r_ft=-60)
_add("forehand backswing", X, "racket", twist=-55, r_sh=0, r_shab=78, r_el=35, r_shrot=20, l_sh=70, l_shab=-15, l_el=30, th=28, sk=-20, hipab=14)
_add("forehand contact", X, "racket", twist=8, r_sh=62, r_shab=30, r_el=25, l_sh=35, l_el=95, th=20, sk=-15, hipab=14)
_add("forehand follow-through", X, "racket", twist=50, r_sh=95, r_shab=-35, r_el=95, l_sh=40, l_el=100, l_th=15, r_th=-5, r_sk=-30, r_ft=-30)
_add("two-handed backhand backswing", X, "racket", twist=58, l_sh=10, l_shab=60, l_el=45, r_sh=50, r_shab=-42, r_el=15, th=28, sk=-20, hipab=12)
_add("two-handed backhand follow-through", X, "racket", twist=-42, l_sh=100, l_shab=-30, l_el=80, r_sh=85, r_shab=25, r_el=100, th=8, sk=-6, hipab=12)
_add("badminton smash, arm behind head", X, "racket", spine=-16, twist=-25, r_sh=110, r_shab=50, r_shrot=70, r_el=130, l_sh=140, l_el=20, neck=-30)
_add("baseball batting stance", X, "bat", pitch=18, th=38, sk=-20, hipab=18, twist=-28, r_sh=50, r_shab=40, r_shrot=30, r_el=125, l_sh=75, l_shab=-25, l_el=80, necktwist=65)
_add("baseball swing contact", X, "bat", twist=35, sh=55, l_el=10, r_el=30, shab=-8, l_shab=5, hipab=22, th=15, sk=-10, pitch=6)
_add("baseball swing follow-through", X, "bat", twist=60, sh=85, r_shab=-30, l_shab=30, r_el=40, l_el=95, hipab=18, r_hip=-5, r_knee=35, r_ankle=-35, l_hip=5)
_add("golf address", X, "golf", pitch=34, spine=8, th=18, sk=-16, hipab=10, sh=38, shab=-8, el=4, neck=10)
_add("golf top of backswing", X, "golf", pitch=30, twist=-62, th=18, sk=-16, hipab=10, l_sh=110, l_shab=-38, l_el=8, r_sh=82, r_shab=40, r_shrot=50, r_el=98, necktwist=55)
_add("golf impact", X, "golf", pitch=32, twist=12, heading=20, th=12, sk=-10, hipab=10, sh=35, shab=-8, el=3, r_sk=-25, r_ft=-18, necktwist=-25)
_add("golf finish", X, "golf", pitch=-4, twist=50, heading=60, spine=-10, l_th=4, r_th=4, r_sk=-45, r_ft=-60, r_sh=110, r_shab=-35, r_el=85, l_sh=75, l_shab=45, l_shrot=50, l_el=120)
_add("soccer kick wind-up, right leg back", X, "soccer", pitch=8, spine=-8, r_th=-35, r_sk=-115, r_ankle=-40, l_th=10, l_sk=-14, l_sh=60, l_shab=55, r_sh=-35, r_shab=30)
_add("soccer kick contact, right leg", X, "soccer", pitch=-6, spine=12, r_th=35, r_sk=15, r_ankle=-40, l_th=12, l_sk=-12, l_shab=65, r_sh=-25)
_add("soccer kick follow-through, right leg high", X, "soccer", pitch=-14, spine=15, r_th=88, r_sk=75, r_ankle=-40, l_th=4, l_sk=-4, l_ft=-20, l_sh=70, l_shab=30, r_sh=-40)
_add("soccer header, back arched", X, "soccer", spine=-28, shab=55, sh=-15, el=70, hip=-15, knee=45, ankle=-40, lift=0.35)
_add("goalkeeper dive to the right", X, "soccer", roll=-68, sh=165, hip=15, knee=30, l_hipab=15, ankle=-35, lift=0.4)
_add("volleyball serve toss, left arm up", X, "volleyball", l_sh=140, r_shab=90, r_shrot=70, r_el=95, twist=-20, l_th=12, r_th=-12, neck=-25)
_add("volleyball spike, right arm cocked", X, "volleyball", spine=-25, twist=-22, r_sh=80, r_shab=75, r_shrot=80, r_el=105, l_sh=155, hip=-10, knee=65, ankle=-45, lift=0.6)
_add("volleyball spike contact", X, "volleyball", r_sh=172, r_el=6, l_sh=40, l_el=50, knee=25, ankle=-45, lift=0.6)
_add("volleyball block", X, "volleyball", sh=165, el=3, shab=6, knee=8, ankle=-45, lift=0.45)
_add("volleyball dig, forearms together", X, "volleyball", pitch=32, th=58, sk=-30, hipab=16, sh=58, shab=-12, el=2, fa=60)
_add("volleyball set, hands above the forehead", X, "volleyball", sh=125, shab=25, shrot=15, el=82, th=18, sk=-14, neck=-25)
_add("cricket batting stance", X, "bat", pitch=28, th=26, sk=-18, hipab=10, sh=32, shab=-6, el=25, necktwist=60)
_add("hockey shot, bent forward", X, "bat", pitch=48, th=40, sk=-26, hipab=16, twist=-25, sh=55, shab=-5, el=12)
_add("frisbee backhand wind-up", X, "throw", twist=50, r_sh=60, r_shab=-48, r_el=85, th=15, sk=-12, l_shab=10)
_add("frisbee release, right arm out", X, "throw", twist=-15, r_sh=50, r_shab=62, r_el=5, l_shab=10, th=12, sk=-10)
_add("skating push, right leg out to the side", X, "skate", pitch=48, spine=10, l_th=62, l_sk=-30, r_hip=42, r_hipab=48, r_knee=6, l_sh=60, r_sh=-50, el=20)
_add("skiing tuck", X, "ski", pitch=62, spine=15, th=85, sk=-32, sh=92, el=110, shrot=-20)
_add("archery draw, right hand at the chin", X, "aim", necktwist=70, l_shab=90, r_shab=86, r_shrot=5, r_el=148, hipab=14)
_add("paddling, right hand low", X, "sit", "boat", hip=85, knee=25, twist=-35, r_sh=25, r_el=20, l_sh=100, l_el=55)

# --- boxing, martial arts -------------------------------------------------------------------------
M = "martial"
_GUARD = {"sh": 35.0, "shab": 10.0, "shrot": -20.0, "el": 128.0}
_STANCE = {"l_th": 20.0, "l_sk": 0.0, "r_th": -8.0, "r_sk": -32.0, "r_ft": -18.0, "twist": -22.0}
_add("boxing guard", M, "boxing", **_GUARD, **_STANCE, spine=8)
_add("boxing jab, left arm out", M, "boxing", **{**_GUARD, **_STANCE, "twist": -32.0}, l_sh=90, l_shab=-10, l_el=4, spine=8)
_add("boxing cross, right arm out", M, "boxing", **{**_GUARD, **_STANCE, "twist": 32.0, "r_ft": -30.0}, r_sh=90, r_shab=-8, r_el=4, pitch=8)
_add("boxing right hook", M, "boxing", **{**_GUARD, **_STANCE, "twist": 38.0}, r_sh=45, r_shab=72, r_shrot=-5, r_el=88)
_add("boxing right uppercut", M, "boxing", **{**_GUARD, **_STANCE, "twist": 25.0}, r_sh=72, r_shab=0, r_el=98)
_add("boxing slip, crouched", M, "boxing", **_GUARD, pitch=22, spine=18, th=48, sk=-28, lean=-15)
_add("front kick, right leg", M, "kick", "balance", pitch=-14, r_th=88, r_sk=84, r_ft=85, l_th=2, l_sk=-8, sh=30, el=115)
_add("front kick chamber, right knee up", M, "kick", "balance", pitch=-5, r_th=98, r_sk=-25, l_th=2, l_sk=-8, sh=30, el=115)
_add("side kick, right leg", M, "kick", "balance", roll=34, r_hip=15, r_hipab=56, r_knee=4, l_hip=0, l_hipab=34, sh=30, el=115, lean=5)
_add("roundhouse kick, right leg", M, "kick", "balance", roll=28, r_hip=45, r_hipab=58, r_hiprot=-30, r_knee=12, r_ankle=-40, l_hip=0, l_hipab=28, l_sh=35, l_el=115, r_sh=-20, heading=30)
_add("back kick, right leg", M, "kick", "balance", pitch=58, r_th=-88, r_sk=-92, l_th=8, l_sk=-12, sh=40, el=100, necktwist=-50)
_add("knee strike, right knee", M, "kick", "balance", pitch=-12, r_th=112, r_sk=-15, l_ft=-20, sh=70, el=80)
_add("horse stance, fists at hips", M, hip=62, knee=72, hipab=45, ankle=8, sh=-28, el=95)
_add("horse stance, right punch", M, hip=62, knee=72, hipab=45, ankle=8, l_sh=-28, l_el=95, r_sh=90, r_shab=-8, twist=15)
_add("low block, right arm down, front stance", M, "lunge", r_th=45, r_sk=-8, l_th=-35, l_sk=-38, l_ft=-8, r_sh=35, l_sh=-28, l_el=98)
_add("high block, right forearm above the head", M, r_sh=105, r_shab=20, r_shrot=-60, r_el=88, l_sh=-28, l_el=98, r_th=30, r_sk=-8, l_th=-25, l_sk=-28)
_add("bow stance, palms pushing forward", M, "tai chi", r_th=42, r_sk=-10, l_th=-32, l_sk=-35, l_ft=-6, sh=75, el=25, wr=-50)
_add("tai chi, holding the ball", M, "tai chi", th=28, sk=-22, sh=62, shab=25, shrot=-55, el=75)
_add("fencing lunge, right arm out", M, "lunge", r_th=75, r_sk=0, l_th=-42, l_sk=-44, l_hiprot=30, r_sh=90, l_sh=-50, l_shab=20, pitch=10)
_add("fencing en garde", M, th=38, sk=-18, hipab=18, r_sh=52, r_el=65, l_sh=-40, l_shab=70, l_el=95)
_add("wrestling crouch, arms forward", M, pitch=45, spine=12, th=58, sk=-28, hipab=12, sh=72, el=45)

# --- dance ------------------------------------------------------------------------------------------
W = "dance"
_add("first position, arms low and rounded", W, "ballet", hiprot=55, sh=28, shab=16, shrot=-45, el=35)
_add("second position, arms to the sides", W, "ballet", hiprot=50, hipab=18, shab=80, sh=12, el=15)
_add("fifth position, arms rounded overhead", W, "ballet", hiprot=50, hipab=-3, sh=160, shab=25, shrot=-30, el=42)
_add("demi plie", W, "ballet", hip=45, hipab=45, knee=62, ankle=18, shab=75, sh=12, el=15)
_add("grand plie", W, "ballet", hip=85, hipab=58, knee=125, ankle=-5, shab=75, sh=12, el=15)
_add("releve, arms overhead", W, "ballet", ft=-48, sh=160, shab=25, shrot=-30, el=42)
_add("arabesque, standing on the left leg", W, "ballet", "balance", pitch=28, spine=-22, l_th=0, l_sk=0, r_th=-72, r_sk=-74, r_ankle=-55, l_sh=105, r_shab=85, neck=-8)
_add("attitude, right leg bent behind", W, "ballet", "balance", pitch=16, spine=-20, l_th=0, r_th=-50, r_sk=-120, r_hipab=20, r_ankle=-50, l_sh=150, l_el=30, r_shab=80)
_add("passe, right foot at the left knee", W, "ballet", "balance", l_hip=0, r_hip=62, r_hipab=55, r_hiprot=35, r_knee=118, r_ankle=-50, sh=55, shab=25, shrot=-45, el=45)
_add("pirouette on the left leg, arms in front", W, "ballet", "balance", l_hip=0, l_ankle=-48, r_hip=62, r_hipab=55, r_hiprot=35, r_knee=118, r_ankle=-50, sh=60, shab=22, shrot=-50, el=70)
_add("tendu, right foot to the front", W, "ballet", r_th=28, r_sk=26, r_ankle=-55, shab=78, el=12)
_add("grand battement, right leg up front", W, "ballet", "balance", r_th=108, r_sk=104, r_ankle=-50, shab=82, el=10)
_add("side extension, right leg high", W, "ballet", "balance", r_hip=25, r_hipab=90, r_hiprot=30, r_ankle=-50, lean=12, shab=85, l_hip=0)
_add("ballroom frame", W, l_shab=82, l_shrot=35, l_el=70, r_sh=40, r_shab=62, r_shrot=-15, r_el=85, spine=-8)
_add("hip hop lean, right arm down", W, pitch=20, lean=-18, th=38, sk=-24, hipab=16, r_sh=25, l_sh=40, l_shab=40, l_el=95)
_add("disco point, right arm up and out", W, r_shab=142, l_sh=-10, l_shab=50, l_shrot=-80, l_el=98, hipab=14, lean=-8, l_sk=-15, l_th=5)
_add("flamenco, arms curved overhead", W, sh=158, shab=28, shrot=-40, el=60, spine=-14)
_add("twist dance, knees bent, elbows bent", W, th=32, sk=-24, sh=10, el=95, twist=25, pitch=10)
_add("kick line, right leg kicked up", W, "balance", r_th=100, r_sk=92, r_ankle=-45, shab=80)
_add("breakdance freeze, on the hands", W, "inverted", pitch=150, lean=15, sh=150, el=60, r_hip=70, r_knee=95, l_hip=20, l_knee=80)
_add("bollywood, right arm up, left hand at hip", W, r_sh=150, r_shab=20, r_el=50, l_shab=50, l_shrot=-80, l_el=98, lean=12, hipab=8)

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(p.family for p in POSTURES.values()))


def _check() -> None:
    for p in POSTURES.values():
        inside = (p.angles >= LOWEST) & (p.angles <= HIGHEST)
        if not inside.all():
            raise ValueError(f"{p.name}: an angle is outside its limits")


_check()
