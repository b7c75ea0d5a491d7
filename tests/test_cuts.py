"""Cuts between scenes."""

import numpy as np

from actalign.demo import demo_clips
from actalign.encoders._cuts import Cuts
from tests.mediapipe_reference import frames_of


def cuts_of(frames):
    cuts = Cuts()
    return [t for t, frame in enumerate(frames) if cuts(frame)]


def test_clips_joined_to_one_are_cut_where_they_meet():
    first, second, third, _ = (frames_of(clip.path)[0] for clip in demo_clips())
    assert [cuts_of(frames) for frames in (first, second, third)] == [[], [], []]
    both = [*first, *second[:5], *third]
    assert cuts_of(both) == [len(first), len(first) + 5]


def test_a_moving_camera_and_a_flicker_make_no_cut():
    rng = np.random.default_rng(0)
    wide = np.kron(rng.integers(60, 200, (12, 60, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    pan = [wide[:, x : x + 320] for x in range(0, 800, 24)]
    assert cuts_of(pan) == []
    brighter = pan[0] + np.uint8(12)
    assert cuts_of([pan[0], brighter] * 5) == []
