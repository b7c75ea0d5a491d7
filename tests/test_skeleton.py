"""The kinematic body: geometry that must hold for every posture, body and movement."""

from __future__ import annotations

import numpy as np
import pytest

from training.motions import CYCLES, sample_motion
from training.observe import every, observe
from training.postures import POSTURES, swap_sides
from training.skeleton import (
    AT,
    BAR_HEIGHT,
    HIGHEST,
    INDEX,
    JOINTS,
    LANDMARKS,
    LOWEST,
    MIRROR_LANDMARKS,
    Body,
    landmarks,
    mirror,
    points,
    pose,
)

LIMBS = {
    "thigh": ("left_hip", "left_knee"),
    "shank": ("right_knee", "right_ankle"),
    "upper_arm": ("left_shoulder", "left_elbow"),
    "forearm": ("right_elbow", "right_wrist"),
    "hip_width": ("left_hip", "right_hip"),
}


def test_limb_lengths_are_the_bodys_in_every_posture():
    rng = np.random.default_rng(0)
    body = Body.sample(rng)
    where = landmarks(np.stack([p.angles for p in POSTURES.values()]), body)
    for name, (a, b) in LIMBS.items():
        length = np.linalg.norm(where[:, AT[a]] - where[:, AT[b]], axis=1)
        np.testing.assert_allclose(length, getattr(body, name), rtol=1e-9)


def test_a_mirrored_pose_has_mirrored_landmarks():
    rng = np.random.default_rng(1)
    poses = rng.uniform(LOWEST, HIGHEST, size=(50, len(JOINTS)))
    one = landmarks(poses, Body())
    other = landmarks(mirror(poses), Body())
    flipped = one[:, MIRROR_LANDMARKS] * np.array([-1.0, 1.0, 1.0])
    # only sliding over the ground, which depends on the order of rows, mirrors along x
    np.testing.assert_allclose(flipped, other, atol=1e-9)
    np.testing.assert_allclose(mirror(mirror(poses)), poses)


def test_left_and_right_are_what_they_say():
    raised = landmarks(pose(left_shoulder_abduct=90), Body())
    assert raised[AT["left_wrist"], 0] > 0.5
    assert raised[AT["right_wrist"], 1] < raised[AT["right_shoulder"], 1]
    kicked = landmarks(pose(right_hip_flex=90), Body())
    assert kicked[AT["right_knee"], 2] > 0.3
    assert kicked[AT["left_knee"], 2] == pytest.approx(0, abs=0.02)
    turned = landmarks(pose(), Body(), heading=90)  # to the left: now facing +x
    assert turned[AT["nose"], 0] > 0.05


def test_every_posture_respects_the_limits_and_stands_on_the_ground():
    for name, posture in POSTURES.items():
        assert (posture.angles >= LOWEST).all(), name
        assert (posture.angles <= HIGHEST).all(), name
        body = points(posture.angles[None], Body(), support=posture.support, lift=posture.lift)[0]
        assert np.isfinite(body).all(), name
        if posture.support == "hands":
            wrists = body[[AT["left_wrist"], AT["right_wrist"]], 1]
            assert wrists.mean() == pytest.approx(BAR_HEIGHT), name
        else:
            assert body[:, 1].min() == pytest.approx(posture.lift, abs=1e-9), name


def test_there_are_many_postures_and_one_sided_ones_have_twins():
    assert len(POSTURES) > 300
    for name in POSTURES:
        swapped = swap_sides(name)
        if swapped != name and "left" in name.split():
            assert swapped in POSTURES
    assert swap_sides("upright, right arm up") == "upright, left arm up"


def test_postures_look_like_their_names():
    body = Body()

    def joints(name):
        p = POSTURES[name]
        return dict(zip(LANDMARKS, landmarks(p.angles, body), strict=True))

    squat = joints("parallel squat, arms forward")
    assert abs(squat["left_hip"][1] - squat["left_knee"][1]) < 0.12
    lying = joints("lying on the back")
    assert max(p[1] for p in lying.values()) < 0.4
    assert lying["nose"][1] > lying["left_ear"][1]  # the face looks up
    assert joints("lying on the front")["left_shoulder"][1] < 0.4
    overhead = joints("arms overhead")
    assert overhead["left_wrist"][1] > overhead["nose"][1] + 0.3
    stand = joints("handstand")
    assert stand["left_ankle"][1] > stand["left_hip"][1] > stand["nose"][1]
    plank = joints("high plank")
    assert plank["left_wrist"][1] < 0.15
    assert 0.1 < plank["left_hip"][1] < 0.6
    lunge = joints("lunge, right leg forward")
    assert lunge["right_ankle"][2] > lunge["left_ankle"][2] + 0.4


def test_a_stance_foot_does_not_slide():
    a, b = POSTURES["standing"].angles, POSTURES["parallel squat, arms forward"].angles
    u = np.linspace(0, 1, 30)[:, None]
    feet = landmarks(a * (1 - u) + b * u, Body())[:, [AT["left_heel"], AT["right_heel"]]].mean(
        axis=1
    )
    assert np.ptp(feet[:, [0, 2]], axis=0).max() < 0.03


def test_a_named_angle_is_checked():
    with pytest.raises(ValueError, match="left_knee = 200"):
        pose(left_knee=200)
    with pytest.raises(KeyError):
        pose(tail=10)


def test_motions_are_plausible_and_their_labels_fit():
    rng = np.random.default_rng(2)
    kinds = set()
    for _ in range(150):
        motion = sample_motion(rng)
        kinds.add(motion.kind)
        frames = len(motion.world)
        assert motion.world.shape == (frames, 33, 3)
        assert 1 <= frames <= 121
        assert np.isfinite(motion.world).all()
        for labels in (motion.key_from, motion.key_to, motion.phase, motion.away, motion.lift):
            assert labels.shape == (frames,)
        assert ((motion.phase >= 0) & (motion.phase <= 1)).all()
        free = np.arange(len(JOINTS)) != INDEX["heading"]
        assert (motion.poses[:, free] >= LOWEST[free]).all()
        assert (motion.poses[:, free] <= HIGHEST[free]).all()
        speed = np.linalg.norm(np.diff(motion.world, axis=0), axis=-1) * 30
        assert speed.max(initial=0) < 40
    assert kinds == {"cycle", "transition", "hold", "gait", "random"}
    assert len(CYCLES) > 150


def test_the_same_seed_gives_the_same_motion_and_observation():
    tracks = []
    for _ in range(2):
        rng = np.random.default_rng(3)
        motion = sample_motion(rng)
        index = every(10, motion.pts_seconds, rng)
        tracks.append(observe(motion.world[index], motion.pts_seconds[index], rng))
    np.testing.assert_array_equal(tracks[0].world, tracks[1].world)
    np.testing.assert_array_equal(tracks[0].found, tracks[1].found)


def test_an_observation_is_hip_centred_and_near_the_truth():
    rng = np.random.default_rng(4)
    angles = POSTURES["standing"].angles[None].repeat(20, 0)
    world = landmarks(angles, Body())
    clean = observe(world, np.arange(20) / 10, rng, noise=0)
    noisy = observe(world, np.arange(20) / 10, rng, noise=1)
    for track in (clean, noisy):
        np.testing.assert_allclose(track.world[:, [23, 24]].mean(axis=1), 0, atol=1e-9)
        assert ((track.visibility >= 0) & (track.visibility <= 1)).all()
        # y points down: the head is above the feet
        assert (track.world[:, 0, 1] < track.world[:, 27, 1] - 0.8).all()
    assert clean.found.all()
    thigh = np.linalg.norm(noisy.world[:, 23] - noisy.world[:, 25], axis=1)
    assert 0.25 < np.median(thigh) < 0.55
