"""Our pose networks against mediapipe: as recorded, and live where it is installed."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from actalign.demo import demo_clips
from actalign.encoders.body._blazepose import BlazePose
from actalign.encoders.body._pose import PoseEstimator
from actalign.encoders.body._smoothing import Smoothing
from actalign.encoders.body._warp import warp
from actalign.types import FrameBatch
from tests.mediapipe_reference import RECORDING, ask, frames_of

CLIPS = {clip.path.stem: clip.path for clip in demo_clips()}
GYM = Path(__file__).parents[2] / "shared" / "clips" / "gym"
needs_mediapipe = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="mediapipe is not installed"
)


@pytest.fixture(scope="module")
def networks():
    return BlazePose()


def pictures(networks, frames):
    """As `ask` answers for pictures."""
    found = []
    for frame in frames:
        height, width = frame.shape[:2]
        people = [
            networks.measure(frame, region)
            for region in networks.detect(frame, (0, 0, width, height))[:4]
        ]
        found.append([numbers(one) for one in people if one is not None])
    return [np.array(people).reshape(-1, 33, 6) for people in found]


def tracked(networks, frames, times):
    """As `ask` answers for video: the surest person, then wherever it was in the frame before."""
    region, smoothing, found = None, None, []
    for frame, seconds in zip(frames, times, strict=True):
        height, width = frame.shape[:2]
        if region is None:
            regions = networks.detect(frame, (0, 0, width, height))
            region, smoothing = (regions[0] if regions else None), Smoothing()
        one = None if region is None else networks.measure(frame, region)
        region = None if one is None else one.region
        people = [] if one is None else [numbers(smoothing(one, seconds))]
        found.append(np.array(people).reshape(-1, 33, 6))
    return found


def numbers(one):
    return np.concatenate([one.image, one.world, one.visibility[:, None]], axis=1)


def distances(ours, theirs):
    """Pixels and metres between landmarks of the same frames and people."""
    a, b = np.concatenate(ours), np.concatenate(theirs)
    return np.linalg.norm((a - b)[..., :2], axis=-1), np.linalg.norm((a - b)[..., 2:5], axis=-1)


def recorded(name, mode):
    with np.load(RECORDING) as kept:
        counts = kept[f"{name}/{mode}/people"]
        return np.split(kept[f"{name}/{mode}/landmarks"], np.cumsum(counts)[:-1])


def assert_same_pictures(ours, theirs):
    assert [len(people) for people in ours] == [len(people) for people in theirs]
    pixels, metres = distances(ours, theirs)
    assert np.median(pixels) < 0.02
    assert np.percentile(pixels, 95) < 0.5
    assert np.median(metres) < 0.0003
    assert np.abs(np.concatenate(ours) - np.concatenate(theirs))[..., 5].max() < 0.05


@pytest.mark.parametrize("name", CLIPS)
def test_single_pictures_agree_with_mediapipes_recorded_answers(networks, name):
    frames, _ = frames_of(CLIPS[name])
    assert_same_pictures(pictures(networks, frames), recorded(name, "picture"))


@pytest.mark.parametrize("name", CLIPS)
def test_tracking_agrees_with_mediapipes_recorded_answers(networks, name):
    """Within what mediapipe itself differs by when a few pixels change by one grey level."""
    ours, theirs = tracked(networks, *frames_of(CLIPS[name])), recorded(name, "video")
    both = [t for t in range(len(ours)) if len(ours[t]) and len(theirs[t])]
    assert len(both) >= 0.95 * sum(len(people) > 0 for people in theirs)
    pixels, metres = distances([ours[t] for t in both], [theirs[t] for t in both])
    assert np.median(pixels) < 1.0
    assert np.median(metres) < 0.01


@pytest.mark.slow
@needs_mediapipe
@pytest.mark.parametrize("path", sorted(GYM.glob("*.mp4"))[:3], ids=lambda path: path.stem)
def test_real_pictures_agree_with_mediapipe(networks, path):
    frames, times = frames_of(path, fps=2)
    theirs = ask(frames, times, video=False)
    assert sum(map(len, theirs)) > 4
    assert_same_pictures(pictures(networks, frames), theirs)


@needs_mediapipe
def test_the_recording_is_what_mediapipe_says():
    name = "daily-order-1"
    frames, times = frames_of(CLIPS[name])
    for a, b in zip(
        ask(frames[:2], times[:2], video=False), recorded(name, "picture"), strict=False
    ):
        np.testing.assert_allclose(a, b, atol=0.01)


def sampled(frame, x, y, bounds):
    """A bilinear sample: black beyond the bounds, the edge's colour beyond the frame."""
    height, width = frame.shape[:2]
    left, top, right, bottom = bounds
    total = np.zeros(3)
    for column in (int(np.floor(x)), int(np.floor(x)) + 1):
        for row in (int(np.floor(y)), int(np.floor(y)) + 1):
            weight = (1 - abs(x - column)) * (1 - abs(y - row))
            if left <= column < right and top <= row < bottom:
                total += weight * frame[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return total


def test_a_turned_square_is_cut_out():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    bounds = (-5, 3, 66, 38)
    origin, step = np.array([-9.5, 10.25]), np.array([2.0, 0.75])
    out = np.empty((3, 32, 32), np.float32)
    warp(frame, out, origin, step, bounds, 1.0, 0.0)
    for v in range(32):
        for u in range(32):
            x, y = origin[0] + u * step[0] - v * step[1], origin[1] + u * step[1] + v * step[0]
            assert np.abs(out[:, v, u] - sampled(frame, x, y, bounds)).max() <= 0.5 + 1e-4


def test_a_turned_picture_gives_the_same_pose_turned(networks):
    [frame, *_], _ = frames_of(CLIPS["daily-order-1"])
    height, width = frame.shape[:2]
    [upright] = networks.detect(frame, (0, 0, width, height))
    one = networks.measure(frame, upright)
    lying = np.ascontiguousarray(np.rot90(frame))  # anticlockwise
    [region] = networks.detect(lying, (0, 0, height, width), 3)
    other = networks.measure(lying, region)
    turned = np.stack([one.image[:, 1], width - one.image[:, 0]], axis=1)
    assert np.abs(other.image - turned).mean() < 2
    world = np.stack([one.world[:, 1], -one.world[:, 0], one.world[:, 2]], axis=1)
    assert np.linalg.norm(other.world - world, axis=1).mean() < 0.03


def test_a_person_is_followed_alike_in_one_piece_and_frame_by_frame():
    frames, times = frames_of(CLIPS["dance-arabesque-phrase"])
    [whole] = PoseEstimator().tracks(FrameBatch(frames, times))
    estimator = PoseEstimator()
    for t in range(len(frames)):
        [one] = estimator.tracks(FrameBatch(frames[t : t + 1], times[t : t + 1]))
        np.testing.assert_array_equal(one.world[0], whole.world[t])
    assert whole.found.all()
