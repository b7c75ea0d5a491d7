"""What a pose estimator would report of a clean movement: camera, noise, occlusion, dropouts.

The sizes below were set by eye against BlazePose's output on real exercise clips: limb lengths
change by 5 to 15 % inside a clip, hands by 25 %, high-frequency jitter is 2 mm in x, y and 5 mm
in z, depth is compressed, the upper body leans towards the camera, the shanks away from it, and
hidden limbs are guessed with low visibility.
"""

from __future__ import annotations

import numpy as np

from actalign.encoders.body._features import PoseTrack
from training.skeleton import AT, LANDMARKS, MIRROR_LANDMARKS, Array

# Bones whose error moves everything beyond them: (name, landmarks that move along, cm in x and y).
_ARM = ("elbow", "wrist", "pinky", "index", "thumb")
_LEG = ("knee", "ankle", "heel", "foot_index")
_HEAD = [i for i, n in enumerate(LANDMARKS) if i < 11]


def _chain(side: str, parts: tuple[str, ...]) -> list[int]:
    return [AT[f"{side}_{p}"] for p in parts]


_BONES: list[tuple[list[int], float]] = [
    (_HEAD + [AT[f"{s}_{p}"] for s in ("left", "right") for p in ("shoulder", *_ARM)], 1.2),
    (_HEAD, 2.0),
]
for _s in ("left", "right"):
    _BONES += [
        (_chain(_s, ("shoulder", *_ARM)), 0.9),
        (_chain(_s, _ARM), 2.0),
        (_chain(_s, _ARM[1:]), 2.2),
        (_chain(_s, _ARM[2:]), 1.0),
        (_chain(_s, ("hip", *_LEG)), 0.5),
        (_chain(_s, _LEG), 1.6),
        (_chain(_s, _LEG[1:]), 1.6),
        (_chain(_s, _LEG[3:]), 1.0),
    ]
_MOVES = np.zeros((len(LANDMARKS), len(_BONES)))
for _b, (_who, _cm) in enumerate(_BONES):
    _MOVES[_who, _b] = _cm / 100.0

# The limb (0 left arm, 1 right arm, 2 left leg, 3 right leg, -1 neither) of each landmark.
_LIMB = np.full(len(LANDMARKS), -1)
for _l, (_s, _parts) in enumerate(
    (("left", _ARM), ("right", _ARM), ("left", _LEG), ("right", _LEG))
):
    _LIMB[_chain(_s, _parts)] = _l
CROPPED = 0.3  # share of clips in which the picture's border cuts the person
_LEG_POINTS = [25, 26, 27, 28]
_SWAP_LEGS = np.arange(33)
_SWAP_LEGS[23:] = MIRROR_LANDMARKS[23:]


def _wander(rng: np.random.Generator, t: Array, shape: tuple[int, ...], seconds: float) -> Array:
    """(T, *shape) unit-variance noise that forgets itself in about so many seconds."""
    out = np.empty((len(t), *shape))
    out[0] = rng.normal(size=shape)
    fresh = rng.normal(size=(len(t), *shape))
    for i in range(1, len(t)):
        keep = float(np.exp(-(t[i] - t[i - 1]) / seconds))
        out[i] = keep * out[i - 1] + np.sqrt(1 - keep**2) * fresh[i]
    return out


def _rotation(yaw: float, pitch: float, roll: float) -> Array:
    """World to camera axes (x right, y up, z to the camera), degrees."""
    y, p, r = np.deg2rad([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def _hidden(camera: Array) -> Array:
    """(T, 33) 0..1, how much the torso or the other limb stands before a landmark; camera axes as
    in `_rotation`."""
    shoulders = camera[:, [AT["left_shoulder"], AT["right_shoulder"]]].mean(axis=1)
    hips = camera[:, [AT["left_hip"], AT["right_hip"]]].mean(axis=1)
    axis = shoulders - hips
    # closest point of the torso's line in the picture
    rel = camera - hips[:, None]
    along = (rel[..., :2] * axis[:, None, :2]).sum(-1)
    along = np.clip(along / np.maximum((axis[:, :2] ** 2).sum(-1), 1e-4)[:, None], 0.0, 1.0)
    near = hips[:, None] + along[..., None] * axis[:, None]
    far = np.linalg.norm((camera - near)[..., :2], axis=-1)
    behind = near[..., 2] - camera[..., 2]
    torso = 1 / (1 + np.exp(np.clip((far - 0.15) / 0.03, -30, 30)))
    torso *= 1 / (1 + np.exp(np.clip(-(behind - 0.06) / 0.02, -30, 30)))
    other = camera[:, MIRROR_LANDMARKS]
    apart = np.linalg.norm((camera - other)[..., :2], axis=-1)
    limb = 1 / (1 + np.exp(np.clip((apart - 0.09) / 0.02, -30, 30)))
    limb *= 1 / (1 + np.exp(np.clip(-(other[..., 2] - camera[..., 2] - 0.08) / 0.03, -30, 30)))
    out = np.maximum(torso, limb)
    out[:, :11] *= 0.3
    out[:, [11, 12, 23, 24]] *= 0.5
    return np.asarray(out)


def _guess_limb(body: Array, t: Array, limb: int, whole: bool, rng: np.random.Generator) -> None:
    """Put one limb of (T, 33, 3) ``body`` where an estimator that doesn't see it may guess it.

    It hangs along the torso, straight or with a bend, and keeps some of the true direction; with
    ``whole`` that goes for the upper bone too, else for what lies beyond elbow or knee.
    """
    side, leg = limb % 2, limb >= 2
    root, middle, end = ((23, 25, 27) if leg else (11, 13, 15)) + np.array([side])
    beyond = [27, 29, 31] if leg else [15, 17, 19, 21]
    upper, lower = body[:, middle] - body[:, root], body[:, end] - body[:, middle]
    down = body[:, [23, 24]].mean(axis=1) - body[:, [11, 12]].mean(axis=1)
    down = down / np.maximum(np.linalg.norm(down, axis=-1, keepdims=True), 1e-6)
    usual = down + rng.normal(0, 0.25, 3) + 0.1 * _wander(rng, t, (3,), 0.6)
    keep = float(rng.uniform(0.0, 0.6))

    def towards(bone: Array, guess: Array) -> Array:
        length = np.linalg.norm(bone, axis=-1, keepdims=True)
        mixed = keep * bone / np.maximum(length, 1e-6) + (1 - keep) * guess
        return mixed / np.maximum(np.linalg.norm(mixed, axis=-1, keepdims=True), 1e-6) * length

    new_upper = towards(upper, usual) if whole else upper
    bent = usual if whole else usual + 0.5 * upper / np.linalg.norm(upper, axis=-1, keepdims=True)
    new_lower = towards(lower, bent + rng.normal(0, 0.15, 3))
    move_middle = body[:, root] + new_upper - body[:, middle]
    move_end = move_middle + new_lower - lower
    body[:, middle] += move_middle
    for joint in beyond:
        body[:, joint + side] += move_end


def _crop(body: Array, seen: Array, t: Array, rng: np.random.Generator) -> None:
    """Cut part of the person off by the picture's border: the legs, one side, or the arms.

    The estimator continues the body as it expects, with little confidence (``seen``); what is true
    of the person stays true, so training learns how much the part in the picture says of the rest.
    """
    kind = rng.choice(["knees", "hips", "side", "arms"], p=[0.35, 0.4, 0.13, 0.12])
    one = int(rng.integers(2))
    limbs = {"knees": [2, 3], "hips": [2, 3], "side": [one, 2 + one], "arms": [0, 1]}[kind]
    whole = kind == "hips" or (kind == "side" and rng.random() < 0.5)
    faint = float(rng.uniform(0.02, 0.3))
    for limb in limbs:
        _guess_limb(body, t, limb, whole, rng)
        points = np.flatnonzero(limb == _LIMB)
        middle = (25 if limb >= 2 else 13) + limb % 2
        seen[:, points] *= faint
        if not whole:  # the joint at the border is seen better
            seen[:, middle] *= float(rng.uniform(0.3, 1.0)) / faint


def observe(
    world: Array, pts_seconds: Array, rng: np.random.Generator, *, noise: float = 1.0
) -> PoseTrack:
    """(T, 33, 3) clean world landmarks (y up) as a PoseTrack of a randomly placed camera.

    noise scales every error; 0 leaves the random camera only.
    """
    t = np.asarray(pts_seconds, dtype=np.float64)
    frames = len(t)
    turn = _rotation(
        float(rng.uniform(0, 360)),
        float(np.clip(rng.normal(4, 9), -18, 28)),
        float(rng.normal(0, 3) * min(noise, 1)),
    )
    camera = world @ turn.T
    pelvis = camera[:, [AT["left_hip"], AT["right_hip"]]].mean(axis=1)
    body = camera - pelvis[:, None]
    hidden = _hidden(body)

    # the picture: weak perspective, sometimes a camera that follows
    metre = float(np.exp(rng.normal(np.log(300), 0.5)))
    distance = float(rng.uniform(2.5, 12))
    scale = metre / np.clip(1 - (pelvis[:, 2] - pelvis[0, 2]) / distance, 0.4, 3.0)
    follow = float(rng.uniform(0.7, 1.0)) if rng.random() < 0.3 else 0.0
    place = pelvis[:, :2] - pelvis[:1, :2]
    place = place * np.array([1 - follow, 1 - 0.5 * follow])
    shake = _wander(rng, t, (2,), 0.7) * noise * float(rng.exponential(0.015))
    jitter = rng.normal(size=(frames, 2)) * 0.003 * noise
    root = (place + shake + jitter) * scale[:, None] * np.array([1.0, -1.0])

    # systematic errors of depth: compressed, sheared (leaning), per clip
    depth = float(np.exp(rng.normal(-0.2, 0.2) * noise))
    lean = float(rng.normal(0.12, 0.13)) * min(noise, 1.5)
    body = body * np.array([1.0, 1.0, depth])
    body[..., 2] += lean * body[..., 1]

    seen = np.ones((frames, 33))
    if noise > 0 and rng.random() < CROPPED:
        _crop(body, seen, t, rng)

    # random errors of bones: constant in the clip, slow, and fast; larger where hidden
    strength = noise * float(np.exp(rng.normal(-0.1, 0.45)))
    slow = 0.65 * rng.normal(size=(1, len(_BONES), 3)) + 0.75 * _wander(
        rng, t, (len(_BONES), 3), float(rng.uniform(0.15, 0.8))
    )
    anisotropy = np.array([1.0, 1.0, 2.4])
    error = np.einsum("pb,tbk->tpk", _MOVES, slow) * anisotropy
    unsure = 1.0 - seen * (1.0 - hidden)
    body = body + strength * error * (1.0 + 1.8 * unsure[..., None])
    tremble = rng.normal(size=body.shape) * np.array([0.002, 0.002, 0.005]) * strength
    tremble[:, 13:23] *= 2.0
    tremble[:, 25:] *= 1.5
    body = body + tremble * (1.0 + 2.0 * unsure[..., None])

    visibility = 1.0 / (1.0 + np.exp(np.clip((unsure - 0.55) * 6.0, -30, 30)))
    visibility = visibility + noise * 0.06 * _wander(rng, t, (33,), 0.5)
    visibility = np.clip(visibility, 0.0, 1.0)

    # exchanged limbs for a while, mostly legs, mostly where one hides the other
    confused = float(hidden[:, _LEG_POINTS].mean())
    if noise > 0 and rng.random() < 0.04 + 0.3 * confused:
        table = _SWAP_LEGS if rng.random() < 0.8 else MIRROR_LANDMARKS
        a = int(rng.integers(frames))
        b = a + max(1, int(rng.uniform(0.1, 0.8) * frames))
        body[a:b] = body[a:b][:, table]
        visibility[a:b] = visibility[a:b][:, table]
    # taken for a person who faces the other way: sides exchanged, depth turned round
    if noise > 0 and rng.random() < 0.03:
        a = int(rng.integers(frames)) if rng.random() < 0.7 else 0
        b = a + max(1, int(rng.uniform(0.1, 1.0) * frames))
        body[a:b] = body[a:b][:, MIRROR_LANDMARKS] * np.array([1.0, 1.0, -1.0])
        visibility[a:b] = visibility[a:b][:, MIRROR_LANDMARKS]
    # a limb lost for a while: it lags behind and then sticks somewhere wrong
    if noise > 0 and rng.random() < 0.08:
        limb = int(rng.integers(4))
        a = int(rng.integers(frames))
        b = a + max(1, int(rng.uniform(0.1, 0.5) * frames))
        points = np.flatnonzero(limb == _LIMB)
        wrong = rng.normal(size=(1, 1, 3)) * np.array([0.08, 0.08, 0.14])
        body[a:b, points] = body[a : a + 1, points] + wrong
        visibility[a:b, points] *= float(rng.uniform(0.1, 0.6))

    middle = body[:, [23, 24]].mean(axis=1, keepdims=True)
    body = (body - middle) * float(np.exp(rng.normal(0, 0.06)))
    found = np.ones(frames, dtype=bool)
    if noise > 0 and frames > 4 and rng.random() < 0.12:
        a = int(rng.integers(frames))
        found[a : a + int(rng.integers(1, max(2, frames // 4)))] = False
        if not found.any():
            found[0] = True
    return PoseTrack(
        world=body * np.array([1.0, -1.0, -1.0]),
        visibility=visibility,
        root=root,
        pixels_per_metre=scale,
        pts_seconds=t,
        found=found,
    )


def every(track_fps: float, pts_seconds: Array, rng: np.random.Generator) -> Array:
    """Indices of the frames that sampling at track_fps takes, from a random start."""
    step = 1.0 / track_fps
    grid = np.arange(float(rng.uniform(0, step)), pts_seconds[-1] + 1e-6, step)
    if not len(grid):
        grid = np.array([pts_seconds[-1] / 2])
    index = np.searchsorted(pts_seconds, grid - 1e-9).clip(0, len(pts_seconds) - 1)
    return np.unique(index)
