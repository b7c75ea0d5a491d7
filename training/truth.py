"""What is true of a moving body: every code of its postures and movements, as a table.

A movement is undecided where it has led and the body does not move back: see `reached`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from training.captions import (
    SIDES,
    Array,
    Body,
    Truth,
    all_of,
    any_of,
    gt,
    lt,
    movements,
    postures,
)


def reached(b: Body) -> Iterator[tuple[str, Truth]]:
    """Where a movement leads, in the middle frame: shapes like those of `movements`.

    Scripts name a phase by the movement that ends it ("fold forward"), so one who rests where it
    led is no counterexample.
    """
    planted = lt(b.foot, 0.12, 0.2)
    above = b.chest[:, 1] - b.pelvis[:, 1]
    yield "hips_rise", any_of(gt(b.hip_height, 0.85, 0.7), gt(-above, 0.1, 0.0))
    yield "hips_drop", lt(b.hip_height, 0.72, 0.85)
    yield "chest_rise", gt(above, 0.12, 0.04)
    yield "chest_drop", any_of(lt(above, 0.05, 0.15), lt(b.chest[:, 1], 0.3, 0.4))
    yield "knee_extend", gt(b.knee, 155, 140)
    yield "knee_flex", lt(b.knee, 120, 135)
    yield "elbow_extend", gt(b.elbow, 152, 138)
    yield "elbow_flex", lt(b.elbow, 110, 125)
    yield "arm_raise", gt(b.raise_, 75, 60)
    yield "arm_lower", lt(b.raise_, 32, 45)
    yield "hand_forward", gt(b.arm_front, 0.6, 0.4)
    yield "hand_backward", lt(b.arm_front, -0.2, 0.0)
    yield "hand_inward", lt(b.hand_out, 0.06, 0.15)
    yield "hand_outward", gt(b.arm_out, 0.6, 0.4)
    yield "hand_up", gt(b.wrist_y - b.shoulder_y, 0.0, -0.15)
    yield "hand_down", any_of(lt(b.wrist_y - b.hip_y, 0.0, 0.12), lt(b.hand_y, 0.12, 0.2))
    yield "hand_in", lt(b.to_chest, 0.25, 0.35)
    yield "hand_away", gt(b.elbow, 150, 135)
    yield "knees_open", gt(b.knees_apart, 0.55, 0.42)
    yield "knees_close", lt(b.knees_apart, 0.3, 0.42)
    yield "heel_up", gt(b.heel_rise, 0.05, 0.015)
    yield "heel_down", all_of(lt(b.heel_rise, 0.02, 0.05), planted)
    yield "foot_up", gt(b.foot, 0.2, 0.1)
    yield "foot_down", planted
    yield "leg_swing_forward", gt(b.leg_front, 0.35, 0.2)
    yield "leg_swing_back", lt(b.leg_front, -0.3, -0.15)
    yield "leg_out", gt(b.leg_body_out, 0.35, 0.2)
    yield "leg_in", lt(b.leg_body_out, 0.12, 0.22)
    yield "bend_over", all_of(gt(b.pitch % 360, 25, 15), lt(b.pitch % 360, 200, 220))
    yield "straighten_up", lt(b.tilt, 25, 35)
    yield "hips_fold", lt(b.hip.mean(1), 115, 130)
    yield "hips_open", gt(b.hip.mean(1), 152, 138)
    yield "rotate", gt(np.stack([b.twist, -b.twist], 1), 20, 10)
    yield "tip_side", gt(np.stack([b.lean, -b.lean], 1), 15, 8)
    yield "feet_apart", gt(b.feet_apart, 0.5, 0.35)
    yield "feet_close", lt(b.feet_apart, 0.3, 0.4)


# A movement and its reverse, by code.
REVERSES = (
    ("hips_rise", "hips_drop"), ("chest_rise", "chest_drop"), ("knee_extend", "knee_flex"),
    ("elbow_extend", "elbow_flex"), ("arm_raise", "arm_lower"), ("hand_forward", "hand_backward"),
    ("hand_inward", "hand_outward"), ("hand_up", "hand_down"), ("hand_in", "hand_away"),
    ("knees_open", "knees_close"), ("heel_up", "heel_down"), ("foot_up", "foot_down"),
    ("leg_swing_forward", "leg_swing_back"), ("leg_out", "leg_in"), ("hips_fold", "hips_open"),
    ("bend_over", "straighten_up"), ("feet_apart", "feet_close"),
)  # fmt: skip


def both_ways(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each of a pair, and the other one."""
    return {name: other for a, b in pairs for name, other in ((a, b), (b, a))}


def _undecided_at_the_end(moves: dict[str, Truth], b: Body) -> dict[str, Truth]:
    """The movements, undecided where they have led and the body does not move back."""
    back = both_ways(REVERSES)
    out = dict(moves)
    for name, there in reached(b):
        away = moves[back[name]] if name in back else moves[name][:, ::-1]  # to the other side
        rests = (there == 1) & (moves[name] == -1) & (away != 1)
        out[name] = np.where(rests, 0, moves[name]).astype(np.int8)
    return out


def _columns(pairs: Iterator[tuple[str, Truth]]) -> Iterator[tuple[str, Truth]]:
    for name, t in pairs:
        if t.ndim == 1:
            yield name, t
            continue
        left, right = t[:, 0], t[:, 1]
        both = np.minimum(left, right)
        one = np.maximum(np.minimum(left, -right), np.minimum(-left, right))
        # "one arm" is also true, if odd, of two; leave that undecided
        one = np.where((both == 1), 0, one)
        for side, column in zip(SIDES, (left, right, both, one), strict=True):
            yield f"{name}|{side}", column.astype(np.int8)


def truth(windows: Array, seconds: float) -> tuple[list[str], Truth]:
    """Names and values of all codes of (N, W, 33, 3) windows, ``seconds`` long, about their middle.

    W must be odd and at least 3. Returns C names and an (N, C) int8 array in {-1, 0, 1}.
    """
    if windows.ndim != 4 or windows.shape[1] < 3 or windows.shape[1] % 2 == 0:
        raise ValueError(f"windows must be (N, W, 33, 3) with W odd, not {windows.shape}")
    first, middle, last = (Body(windows[:, i]) for i in (0, windows.shape[1] // 2, -1))
    columns: dict[str, Truth] = {}
    moves = dict(movements(first, middle, last, windows, seconds))
    for source in (postures(middle), iter(_undecided_at_the_end(moves, middle).items())):
        columns.update(_columns(source))
    return list(columns), np.stack(list(columns.values()), 1)
