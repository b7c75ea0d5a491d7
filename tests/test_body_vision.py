"""The body encoder's eyes: features of poses, pose estimation on drawn people, streaming."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

from actalign.encoders import ClipEncoder, load_encoder
from actalign.encoders._backgrounds import shipped_background
from actalign.encoders.body._encoder import BodyEncoder, stream_features
from actalign.encoders.body._features import (
    FEATURE_VERSION,
    FEATURES,
    PoseTrack,
    features,
    pixel_scale,
)
from actalign.encoders.body._pose import PoseEstimator
from actalign.errors import EncoderError, UsageError
from actalign.types import FrameBatch
from tests.command import actalign
from training.motions import sample_motion
from training.observe import observe
from training.postures import POSTURES
from training.skeleton import Body, landmarks

COLUMN = {name: i for i, name in enumerate(FEATURES)}
# camera axes: x right, y down, z away
TO_CAMERA = np.array([1.0, -1.0, -1.0])


def track_of(world, fps=10.0, **changes):
    """A clean PoseTrack of (T, 33, 3) world landmarks (y up)."""
    hips = world[:, [23, 24]].mean(axis=1)
    track = PoseTrack(
        world=(world - hips[:, None]) * TO_CAMERA,
        visibility=np.ones(world.shape[:2]),
        root=hips[:, :2] * np.array([300.0, -300.0]),
        pixels_per_metre=np.full(len(world), 300.0),
        pts_seconds=np.arange(len(world)) / fps,
        found=np.ones(len(world), dtype=bool),
    )
    return replace(track, **changes)


def moving(name_a="standing", name_b="parallel squat, arms forward", frames=20, **kwargs):
    u = np.linspace(0, 1, frames)[:, None]
    poses = POSTURES[name_a].angles * (1 - u) + POSTURES[name_b].angles * u
    return landmarks(poses, kwargs.pop("body", Body()), **kwargs)


# --- features ---


def test_every_column_has_one_name():
    assert len(set(FEATURES)) == len(FEATURES)
    assert features(track_of(moving())).shape == (20, len(FEATURES))


@pytest.mark.parametrize("heading", [37.0, 90.0, 180.0, 271.0])
def test_features_do_not_depend_on_heading(heading):
    one, other = features(track_of(moving())), features(track_of(moving(heading=heading)))
    # the picture shows only the part of the drift across it
    same = [i for i, n in enumerate(FEATURES) if not n.startswith("root.")]
    np.testing.assert_allclose(one[:, same], other[:, same], atol=1e-4)


def test_features_do_not_depend_on_size_or_place():
    world = moving()
    one = track_of(world)
    far = replace(one, root=one.root + 500.0)
    large = replace(
        one, world=one.world * 1.7, root=one.root * 3, pixels_per_metre=np.full(20, 900 / 1.7)
    )
    np.testing.assert_allclose(features(one), features(far), atol=1e-5)
    np.testing.assert_allclose(features(one), features(large), atol=1e-4)


def test_features_know_gravity():
    up = features(track_of(moving(frames=3)))
    down_world = moving(frames=3) * np.array([1.0, -1.0, -1.0])
    down = features(track_of(down_world))
    assert up[0, COLUMN["torso.upright"]] > 0.95
    assert down[0, COLUMN["torso.upright"]] < -0.95
    back = features(track_of(moving("lying on the back", "lying on the back", 1)))
    front = features(track_of(moving("lying on the front", "lying on the front", 1)))
    assert back[0, COLUMN["torso.facing_up"]] > 0.9
    assert front[0, COLUMN["torso.facing_up"]] < -0.9


def test_features_say_what_their_names_say():
    rows = features(track_of(moving(frames=11), fps=10))
    middle = rows[5]
    assert rows[0, COLUMN["angle.left_knee"]] == pytest.approx(-1, abs=0.1)  # straight is 0
    assert rows[-1, COLUMN["angle.left_knee"]] > 0.1
    assert middle[COLUMN["rise.pelvis"]] < -0.2  # going down
    assert middle[COLUMN["root.up"]] < -0.2
    assert middle[COLUMN["turn.left_knee"]] > 0.5
    assert middle[COLUMN["known"]] == 1
    raised = POSTURES["right arm out to the side"]
    row = features(track_of(landmarks(raised.angles, Body())[None]))[0]
    assert row[COLUMN["pos.right_wrist.x"]] < -0.5  # left is +x
    assert row[COLUMN["known"]] == 0
    assert not any(row[i] for n, i in COLUMN.items() if n.startswith(("vel", "slow-vel", "turn")))


@pytest.mark.parametrize("fps", [5.0, 15.0, 30.0, 60.0])
def test_velocities_hardly_depend_on_the_sampling_rate(fps):
    seconds = 2.0

    def rows(rate):
        n = int(seconds * rate) + 1
        return features(track_of(moving(frames=n), fps=rate))[n // 2]

    fast, usual = rows(fps), rows(10.0)
    columns = [i for n, i in COLUMN.items() if n.startswith(("vel", "slow-vel", "turn", "rise"))]
    assert np.abs(fast[columns] - usual[columns]).max() < 0.1
    assert np.abs(usual[columns]).max() > 0.3


def test_a_frame_without_a_person_is_a_row_of_zeros_and_not_a_number_elsewhere():
    track = track_of(moving())
    found = track.found.copy()
    found[[0, 7, 8]] = False
    world = track.world.copy()
    world[~found] = np.nan
    rows = features(replace(track, world=world, found=found))
    assert not rows[~found].any()
    assert np.isfinite(rows).all()
    assert rows[found].any(axis=1).all()
    nobody = replace(track, found=np.zeros(20, dtype=bool))
    assert not features(nobody).any()


def test_degenerate_landmarks_stay_finite():
    rows = features(track_of(np.zeros((4, 33, 3))))
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("cuts", [1, 3, 17, 100])
def test_streaming_equals_the_whole(cuts):
    rng = np.random.default_rng(5)
    motion = sample_motion(rng)
    while len(motion.world) < 100:
        motion = sample_motion(rng)
    track = observe(motion.world, motion.pts_seconds, rng)
    parts = [track[i : i + cuts] for i in range(0, len(track), cuts)]
    streamed = np.concatenate(list(stream_features(parts)))
    np.testing.assert_allclose(streamed, features(track), atol=1e-5)
    one_piece = np.concatenate(list(stream_features([track])))
    np.testing.assert_array_equal(streamed, one_piece)  # cutting changes nothing at all


def test_streaming_does_not_wait_for_the_end():
    track = track_of(moving(frames=200), fps=10)
    read = 0

    def parts():
        nonlocal read
        for i in range(0, 200, 10):
            read += 10
            yield track[i : i + 10]

    next(stream_features(parts()))
    assert read < 60


def test_pixel_scale():
    world = landmarks(POSTURES["arms out to the sides"].angles, Body())[None] * TO_CAMERA
    image = world[..., :2] * 123.0 + 55.0
    assert pixel_scale(world, image)[0] == pytest.approx(123.0)


# --- pose estimation and the encoder ---


def tiny_networks(folder, *, version=FEATURE_VERSION):
    """A body model with random weights in the shipped format."""
    rng = np.random.default_rng(0)

    def save(name, source, rank, width, steps):
        weight = numpy_helper.from_array(
            (rng.normal(size=(width, 8)) / np.sqrt(width)).astype(np.float32), "weight"
        )
        shape = ["n", width] if rank == 2 else [1, "n", width]
        graph = helper.make_graph(
            steps,
            name,
            [helper.make_tensor_value_info(source, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["m", 8])],
            [weight],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        onnx.save(model, folder / name)

    unit = helper.make_node("LpNormalization", ["sum"], ["embedding"], axis=-1, p=2)
    image = [helper.make_node("MatMul", ["features", "weight"], ["sum"]), unit]
    text = [
        helper.make_node("ReduceMean", ["vectors"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "weight"], ["sum"]),
        unit,
    ]
    save("image.onnx", "features", 2, len(FEATURES), image)
    save("text.onnx", "vectors", 3, 256, text)
    config = {
        "dim": 8,
        "logit_scale": 2.0,
        "logit_bias": -3.0,
        "feature_version": version,
        "features": len(FEATURES),
        "fps": 10.0,
        "smoothing_seconds": 0.3,
        "step_template": "{step}",
        "label_template": "{label}",
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return BodyEncoder(tiny_networks(tmp_path_factory.mktemp("body")))


@pytest.fixture(scope="module")
def clip():
    """24 pictures of a drawn person who squats; the person is away in frames 10 to 12."""
    from drawn_figure import draw_figure

    a, b = POSTURES["arms out to the sides"].angles, POSTURES["half squat, arms forward"].angles
    u = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, 24))
    frames = np.stack([draw_figure(a * (1 - x) + b * x) for x in u])
    frames[10:13] = 200
    return FrameBatch(frames, np.arange(24) / 10)


def cut(batch, size):
    return [
        FrameBatch(batch.frames[i : i + size], batch.pts_seconds[i : i + size])
        for i in range(0, len(batch), size)
    ]


def test_a_drawn_person_is_measured(clip):
    [track] = PoseEstimator().tracks(FrameBatch(clip.frames[:2], clip.pts_seconds[:2]))
    assert track.found.all()
    truth = landmarks(POSTURES["arms out to the sides"].angles, Body(), 25.0)
    truth = (truth - truth[[23, 24]].mean(axis=0)) * TO_CAMERA
    off = np.abs(track.world[0] - truth)[11:29, :2].mean()
    assert off < 0.08  # metres in the picture's plane
    assert track.pixels_per_metre[0] == pytest.approx(0.8 * 384 / 1.8, rel=0.15)


def test_rows_match_frames_and_are_neutral_without_a_person(encoder, clip):
    rows = np.concatenate(list(encoder.encode_clip(cut(clip, 24))))
    assert rows.shape == (24, 8)
    assert rows.dtype == np.float32
    seen = rows.any(axis=1)
    assert not seen[10:13].any()
    assert seen[:10].all()
    assert seen[16:].all()
    np.testing.assert_allclose(np.linalg.norm(rows[seen], axis=1), 1, atol=1e-5)


def test_the_clip_may_be_cut_anyhow(encoder, clip):
    one = np.concatenate(list(encoder.encode_clip(cut(clip, 24))))
    for size in (1, 7):
        other = np.concatenate(list(encoder.encode_clip(cut(clip, size))))
        np.testing.assert_array_equal(one, other)


def test_pictures_are_seen_each_by_itself(encoder, clip):
    both = encoder.encode_image(clip.frames[[0, 11, 6]])
    assert not both[1].any()
    np.testing.assert_array_equal(encoder.encode_image(clip.frames[[6]])[0], both[2])
    with pytest.raises(UsageError):
        encoder.encode_image(np.zeros((2, 8, 8), np.uint8))


def test_a_small_person_is_found_by_enlarging(clip):
    from drawn_figure import draw_figure

    frame = np.full((540, 960, 3), (200, 205, 200), np.uint8)
    figure = draw_figure(POSTURES["arms out to the sides"].angles, size=110)
    frame[300:410, 700:810] = figure
    batch = FrameBatch(np.stack([frame] * 3), np.arange(3) / 10)
    [track] = PoseEstimator().tracks(batch)
    assert track.found.all()
    assert np.abs(track.root - [755, 355]).max() < 25


def test_tiny_and_odd_pictures(encoder):
    for shape in ((1, 1), (3, 200), (37, 53)):
        assert not encoder.encode_image(np.full((1, *shape, 3), 90, np.uint8)).any()


def test_phantoms_are_not_people(encoder):
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 255, size=(4, 8, 8, 3), dtype=np.uint8)
    pictures = blocks.repeat(40, axis=1).repeat(50, axis=2)
    assert not encoder.encode_image(pictures).any()


def test_the_largest_of_two_people_is_followed(clip):
    from drawn_figure import draw_figure

    frame = np.full((480, 900, 3), (205, 210, 200), np.uint8)
    frame[200:400, 60:260] = draw_figure(POSTURES["standing"].angles, size=200)
    frame[20:460, 420:860] = draw_figure(POSTURES["arms overhead"].angles, size=440)
    batch = FrameBatch(np.stack([frame] * 3), np.arange(3) / 10)
    [track] = PoseEstimator().tracks(batch)
    assert track.found.all()
    assert (track.root[:, 0] > 500).all()


@pytest.mark.parametrize(
    ("person", "where"), [("largest", 650), ("left", 200), ("right", 650), ("2", 200), ("3", None)]
)
def test_one_of_several_people_is_followed(person, where):
    from drawn_figure import draw_figure

    frame = np.full((480, 900, 3), (205, 210, 200), np.uint8)
    for x, size in ((200, 380), (650, 440)):
        left, top = x - size // 2, 470 - size
        frame[top:470, left : left + size] = draw_figure(POSTURES["standing"].angles, size=size)
    batch = FrameBatch(np.stack([frame] * 3), np.arange(3) / 10)
    [track] = PoseEstimator(person=person).tracks(batch)
    assert track.found.all() == (where is not None)
    assert where is None or np.abs(track.root[:, 0] - where).max() < 40


def test_who_is_followed_is_part_of_the_name_and_the_fingerprint(encoder):
    left = load_encoder("body:left")
    largest = load_encoder("body")
    assert (left.info.model_id, largest.info.model_id) == ("body:left", "body")
    assert left.info.fingerprint != largest.info.fingerprint
    assert shipped_background(left.info) is not None
    with pytest.raises(UsageError, match="'tallest' names nobody to follow"):
        load_encoder("body:tallest")
    done = actalign("encode", "a.mp4", "--out", "s", "--model", "x", "--person", "left")
    assert done.returncode == 2
    assert "--person is for --model body" in done.stderr


def test_the_encoder_keeps_its_promises(encoder, tmp_path):
    assert isinstance(encoder, ClipEncoder)
    assert encoder.info.model_id == "body"
    assert (encoder.info.dim, encoder.info.logit_scale, encoder.info.logit_bias) == (8, 2.0, -3.0)
    assert encoder.info.fps == 10.0
    assert encoder.info.step_template == "{step}"
    texts = encoder.encode_text(["squat down", "raise the left arm"])
    assert texts.shape == (2, 8)
    np.testing.assert_array_equal(encoder.encode_text(["raise the left arm"])[0], texts[1])
    same = BodyEncoder(tiny_networks(tmp_path))
    assert same.info.fingerprint == encoder.info.fingerprint
    (tmp_path / "config.json").write_text((tmp_path / "config.json").read_text() + "\n")
    assert BodyEncoder(tmp_path).info.fingerprint != encoder.info.fingerprint


def test_missing_or_old_weights_are_named(tmp_path):
    with pytest.raises(EncoderError, match=r"image\.onnx is missing"):
        BodyEncoder(tmp_path)
    with pytest.raises(EncoderError, match="run training/train"):
        BodyEncoder(tiny_networks(tmp_path, version=FEATURE_VERSION + 1))


def test_nothing_is_printed(encoder, clip, capfd):
    list(encoder.encode_clip(cut(clip, 24)))
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


def machine(seed):
    """(320, 320, 3) bars and discs, as a machine in a gym."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (320, 320), (190, 195, 200))
    pen = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y = rng.integers(60, 260, 2)
        angle, length = rng.uniform(0, 2 * np.pi), rng.integers(60, 160)
        colour = tuple(int(v) for v in rng.integers(20, 120, 3))
        end = (x + length * np.cos(angle), y + length * np.sin(angle))
        pen.line((x, y, *end), colour, int(rng.integers(8, 26)))
    for _ in range(2):
        (x, y), r = rng.integers(80, 240, 2), rng.integers(14, 40)
        colour = tuple(int(v) for v in rng.integers(20, 120, 3))
        pen.ellipse((x - r, y - r, x + r, y + r), colour)
    return np.asarray(picture)


@pytest.mark.parametrize("seed", [0, 116, 186])
def test_bars_and_discs_are_no_person(seed):
    """The network calls the shoulders and hips of such a phantom visible."""
    [track] = PoseEstimator().tracks(FrameBatch(np.stack([machine(seed)] * 2), np.arange(2) / 10))
    assert not track.found.any()


def test_another_person_is_taken_up_when_the_first_has_gone():
    from drawn_figure import draw_figure

    frame = np.full((320, 900, 3), (205, 210, 200), np.uint8)
    left, right = frame.copy(), frame.copy()
    left[10:310, 20:320] = right[10:310, 580:880] = draw_figure(
        POSTURES["standing"].angles, size=300
    )
    frames = np.stack([left] * 4 + [right] * 14)
    [track] = PoseEstimator().tracks(FrameBatch(frames, np.arange(18) / 10))
    assert (track.root[:4, 0] < 320).all()
    seen = track.found[4:]
    assert seen[-3:].all()
    assert (track.root[4:, 0][seen] > 580).all()


def test_the_search_for_nobody_grows_rarer():
    """Looking at dozens of parts costs ten times as much as following somebody."""
    estimator = PoseEstimator()
    when = []
    searched = estimator._looks.search
    empty = np.full((90, 160, 3), 120, np.uint8)

    def search(frame):
        when.append(seconds)
        return searched(frame)

    estimator._looks.search = search
    for seconds in np.arange(0, 30, 0.5):
        estimator.tracks(FrameBatch(empty[None], np.array([seconds])))
    assert when == [0, 1, 3, 7, 15, 23]


def test_a_new_scene_starts_anew():
    """The last scene's person isn't looked for in the next, nor smoothed into it."""
    from drawn_figure import draw_figure

    first = draw_figure(POSTURES["standing"].angles, size=320)
    second = draw_figure(POSTURES["arms overhead"].angles, size=320) // 2
    [alone] = PoseEstimator().tracks(FrameBatch(second[None], np.array([0.4])))
    frames = np.stack([first] * 4 + [second])
    before, after = PoseEstimator().tracks(FrameBatch(frames, np.arange(5) / 10))
    assert alone.found.all()
    assert (len(before), len(after)) == (4, 1)
    np.testing.assert_array_equal(after.world[0], alone.world[0])


@pytest.mark.parametrize(
    ("start", "end", "there", "back"),
    [
        (
            "standing",
            "parallel squat, arms forward",
            "bending the knees, the hips sinking",
            "straightening the knees, the hips rising",
        ),
        ("standing", "arms overhead", "raising both arms", "lowering both arms"),
        (
            "bench press bottom",
            "bench press top",
            "pushing both hands up",
            "lowering both hands to the chest",
        ),
        (
            "curl bottom",
            "curl top",
            "curling both hands up to the shoulders",
            "lowering both hands until the arms hang",
        ),
        (
            "high plank",
            "push-up bottom",
            "bending the elbows, the body lowering",
            "pushing the body up until the arms are straight",
        ),
    ],
)
def test_a_movement_is_told_from_its_reverse(start, end, there, back):
    encoder = BodyEncoder.from_package()
    texts = encoder.encode_text([there, back])

    def cosines(a, b):
        rows = np.concatenate(list(encoder.encode_poses([track_of(moving(a, b, frames=16))])))
        return (rows[4:12] @ texts.T).mean(axis=0)

    first, second = cosines(start, end), cosines(end, start)
    assert first[0] > first[1]
    assert second[1] > second[0]
