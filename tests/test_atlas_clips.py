"""Cutting clips and hiding text: which frames, which pixels, and what is said of a bad source."""

import json
from fractions import Fraction

import av
import numpy as np
import pytest

from actalign.errors import ActAlignError, UsageError, VideoError
from actalign.evaluation.atlas._clips import SegmentError, clip_name, cut_clip
from actalign.evaluation.atlas._dataset import check_room, load_dataset
from actalign.evaluation.atlas._download import DownloadOptions, Source
from actalign.evaluation.atlas._metadata import parse_entries
from actalign.evaluation.atlas._npy import load_objects
from actalign.evaluation.atlas._obfuscate import hide_boxes
from actalign.evaluation.atlas._process import build_dataset
from tests.atlas_world import FPS, entry, polygon, render
from tests.media import add_sound

BITS = 6


def counting_video(path, *, frames=60, fps=FPS, size=(64, 96)):
    """Frame n shows n in binary, a white or black bar a bit, so pixels tell which frame it is."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "1", "bf": "0"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        for n in range(frames):
            picture = av.VideoFrame.from_ndarray(bars(n, size), format="rgb24")
            picture.pts = n
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def bars(n, size):
    bits = (n >> np.arange(BITS)) & 1
    row = np.repeat(255 * bits, size[1] // BITS).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (*size, 3)))


def numbers_in(path):
    """Which source frame each frame of a clip is, and its time."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    pictures = [f.to_ndarray(format="rgb24").mean(axis=(0, 2)) for f in frames]
    bits = [p.reshape(BITS, -1).mean(axis=1) > 128 for p in pictures]
    numbers = [int((row * 2 ** np.arange(BITS)).sum()) for row in bits]
    return numbers, [float(f.time) for f in frames]


def sample(start, end, boxes=None, sample_id="s"):
    row = entry(sample_id, "y", start, end, frames_to_obfuscate=boxes)
    (one,) = parse_entries([row], source="test")
    return one


def test_the_blur_is_opencvs_111_gaussian(tmp_path):
    cv2 = pytest.importorskip("cv2")
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    for box in [(20, 30, 380, 250), (5, 5, 200, 17), (0, 0, 400, 300), (10, 10, 12, 290)]:
        x0, y0, x1, y1 = box
        expected = cv2.GaussianBlur(frame[y0:y1, x0:x1].astype(np.float64), (111, 111), 0)
        found = hide_boxes(frame, [box])
        # OpenCV in float: its uint8 kernel has coarse weights. Ours is rounded once.
        assert np.abs(found[y0:y1, x0:x1] - expected).max() < 0.51
        outside = np.ones(frame.shape[:2], bool)
        outside[y0:y1, x0:x1] = False
        np.testing.assert_array_equal(found[outside], frame[outside])


def test_fine_print_is_gone_where_a_15_pixel_blur_leaves_it():
    frame = np.zeros((60, 200, 3), np.uint8)
    frame[:, ::24] = 255  # strokes of a letter, 24 pixels apart
    frame[:, 1::24] = 255
    hidden = hide_boxes(frame, [(0, 0, 200, 60)])
    assert np.ptp(hidden[10:50, 60:140].astype(int)) <= 6


def test_boxes_are_clamped_widened_to_pixels_and_scaled():
    frame = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    same = hide_boxes(frame, [(-50, -50, 0, 0), (60, 0, 90, 40), (5, 5, 5, 5)])
    np.testing.assert_array_equal(same, frame)
    changed = (hide_boxes(frame, [(50.4, 30.2, 999, 999)]) != frame).any(axis=2)
    assert not changed[:30].any()
    assert not changed[:, :50].any()
    assert changed[30:, 50:].mean() > 0.9
    half = (hide_boxes(frame, [(20, 20, 60, 60)], scale=0.5) != frame).any(axis=2)
    assert half[10:30, 10:30].mean() > 0.9
    assert half.sum() == half[10:30, 10:30].sum()


def test_a_segment_holds_the_frames_of_start_to_end_and_their_times(tmp_path):
    source = Source("y", counting_video(tmp_path / "y.mp4"))
    facts = cut_clip(source, sample(0.5, 1.5), tmp_path / "c.mp4")
    numbers, times = numbers_in(tmp_path / "c.mp4")
    assert numbers == list(range(10, 30))  # 1.5 s itself, frame 30, is not in it
    np.testing.assert_allclose(times, np.arange(20) / FPS, atol=1e-4)
    assert (facts.frames, facts.duration, facts.fps) == (20, 1.0, 20.0)
    assert (facts.height, facts.width, facts.hidden_frames) == (64, 96, 0)


def test_the_end_is_clipped_to_the_source(tmp_path):
    source = Source("y", counting_video(tmp_path / "y.mp4"))
    facts = cut_clip(source, sample(2.5, 100), tmp_path / "c.mp4")
    assert numbers_in(tmp_path / "c.mp4")[0] == list(range(50, 60))
    assert facts.duration == pytest.approx(0.5, abs=1e-3)


def test_a_picture_that_begins_after_its_sound_ends_as_late(tmp_path):
    path = tmp_path / "y.mp4"
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=25, options={"bf": "0"})
        picture.height, picture.width, picture.pix_fmt = 64, 96, "yuv420p"
        add_sound(container, seconds=4)
        for n in range(50):
            frame = av.VideoFrame.from_ndarray(bars(n, (64, 96)), format="rgb24")
            frame.pts, frame.time_base = 38 + n, Fraction(1, 25)
            container.mux(picture.encode(frame))
        container.mux(picture.encode())
    facts = cut_clip(Source("y", path), sample(2.6, 3.4), tmp_path / "c.mp4")
    assert (facts.frames, facts.fps) == (20, 25.0)
    with pytest.raises(SegmentError, match=r"ends at 3\.5"):
        cut_clip(Source("y", path), sample(3.7, 3.9), tmp_path / "d.mp4")


def test_text_is_hidden_in_the_frame_that_actionatlas_means(tmp_path):
    """Number 3 is the third frame of the segment, in pixels of this video."""
    with av.open(str(tmp_path / "y.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "1"})
        stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
        stripes = np.zeros((96, 128, 3), np.uint8)
        stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = 255
        for n in range(40):
            picture = av.VideoFrame.from_ndarray(stripes, format="rgb24")
            picture.pts = n
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    boxes = {"3": [polygon(64, 48, 500, 500)], "4": None}
    facts = cut_clip(Source("y", tmp_path / "y.mp4"), sample(1, 1.5, boxes), tmp_path / "c.mp4")
    with av.open(str(tmp_path / "c.mp4")) as container:
        frames = [f.to_ndarray(format="rgb24").astype(int) for f in container.decode(video=0)]
    contrast = [np.ptp(f[60:90, 80:120].mean(axis=(0, 2))) for f in frames]
    assert [n for n, c in enumerate(contrast, start=1) if c < 30] == [3]
    assert np.ptp(frames[2][:40, :60].mean(axis=(0, 2))) > 150  # elsewhere it stays
    assert facts.hidden_frames == 1
    # Drawn on a taller download than this one: half the size, half the place.
    cut_clip(
        Source("y", tmp_path / "y.mp4", annotated_height=192),
        sample(1, 1.5, {"3": [polygon(128, 96, 999, 999)]}),
        tmp_path / "half.mp4",
    )
    with av.open(str(tmp_path / "half.mp4")) as container:
        third = [f.to_ndarray(format="rgb24").astype(int) for f in container.decode(video=0)][2]
    assert np.ptp(third[60:90, 80:120].mean(axis=(0, 2))) < 30
    assert np.ptp(third[:40, :60].mean(axis=(0, 2))) > 150


def test_odd_sizes_are_kept(tmp_path):
    path = tmp_path / "y.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width, stream.pix_fmt = 45, 61, "bgr0"
        for n in range(10):
            image = np.full((45, 61, 3), 20 * n, np.uint8)
            picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="bgr0")
            picture.pts = n
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    facts = cut_clip(Source("y", path), sample(0, 1), tmp_path / "c.mp4")
    assert (facts.height, facts.width, facts.frames) == (45, 61, 10)


def test_one_input_gives_one_file(tmp_path):
    source = Source("y", render(tmp_path / "y.mp4", ["red", "blue"]))
    first = cut_clip(source, sample(0, 2), tmp_path / "a.mp4")
    assert cut_clip(source, sample(0, 2), tmp_path / "b.mp4") == first


def test_bad_sources_say_why_and_leave_nothing(tmp_path):
    whole = render(tmp_path / "y.mp4", ["red", "green", "blue"]).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 7 // 10])
    (tmp_path / "text.mp4").write_text("<html>not a video</html>")
    out = tmp_path / "c.mp4"
    with pytest.raises(SegmentError, match=r"is cut short: it promises 3\.00 s") as error:
        cut_clip(Source("y", tmp_path / "cut.mp4"), sample(0.5, 3), out)
    assert error.value.kind == "truncated"
    before = r"ends at 3\.00 s, before the segment \[7, 8\)"
    with pytest.raises(SegmentError, match=before) as error:
        cut_clip(Source("y", tmp_path / "y.mp4"), sample(7, 8), out)
    assert error.value.kind == "empty segment"
    with pytest.raises(VideoError, match=r"text\.mp4"):
        cut_clip(Source("y", tmp_path / "text.mp4"), sample(0, 1), out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.mp4", "text.mp4", "y.mp4"]
    # What of a cut file lies before the cut is good.
    assert cut_clip(Source("y", tmp_path / "cut.mp4"), sample(0, 1), out).frames == FPS


def test_ids_make_file_names_that_are_safe_and_differ():
    ids = ("a", "a/b", "a b", "a_b", "../x", ".hidden", "x" * 300, "\U00020000" * 80)
    names = {clip_name(i) for i in ids}
    assert len(names) == 8
    assert all("/" not in n and not n.startswith(".") and len(n.encode()) < 120 for n in names)
    assert clip_name("plain-1") == "plain-1.mp4"


def build(folder, rows, videos):
    samples = parse_entries(rows, source="test")
    lines = []
    entries = build_dataset(
        samples, folder, videos=videos, options=DownloadOptions(), tell=lines.append
    )
    return {e.id: e for e in entries}, lines


def test_segments_of_one_source_keep_their_own_files_and_are_not_cut_twice(tmp_path):
    (tmp_path / "videos").mkdir()
    counting_video(tmp_path / "videos" / "y.mp4")
    rows = [
        entry("one", "y", 0, 0.5),
        entry("two", "y", 1, 2),
        entry("gone", "z", 0, 1),
        entry("late", "y", 50, 51),
    ]
    entries, lines = build(tmp_path / "data", rows, tmp_path / "videos")
    assert numbers_in(tmp_path / "data" / entries["one"].clip)[0] == list(range(10))
    assert numbers_in(tmp_path / "data" / entries["two"].clip)[0] == list(range(20, 40))
    assert (entries["gone"].kind, entries["late"].kind) == ("unavailable", "empty segment")
    assert "z.mp4" in entries["gone"].reason
    assert len(lines) == 4
    # Again: only the failures are tried; a changed segment or a damaged clip is cut again.
    (tmp_path / "data" / entries["one"].clip).write_bytes(b"damaged")
    rows[1]["end_timestamp"] = 1.5
    again, lines = build(tmp_path / "data", rows, tmp_path / "videos")
    assert [line.split(":")[0] for line in lines] == ["one", "two", "late", "gone"]
    assert again["one"] == entries["one"]
    assert again["two"].frames == 10
    _, lines = build(tmp_path / "data", rows, tmp_path / "videos")
    assert [line.split(":")[0] for line in lines] == ["gone", "late"]
    # A source that has changed is cut again, though its name and segments are the same.
    counting_video(tmp_path / "videos" / "y.mp4", frames=70)
    _, lines = build(tmp_path / "data", rows, tmp_path / "videos")
    assert [line.split(":")[0] for line in lines] == ["one", "two", "late", "gone"]


def test_the_manifest_says_the_same_in_both_formats(tmp_path):
    import pyarrow.parquet as pq

    (tmp_path / "videos").mkdir()
    counting_video(tmp_path / "videos" / "y.mp4")
    build(tmp_path / "data", [entry("a", "y", 0, 1), entry("b", "z", 0, 1)], tmp_path / "videos")
    lines = (tmp_path / "data" / "manifest.jsonl").read_text().splitlines()
    rows = pq.read_table(tmp_path / "data" / "manifest.parquet").to_pylist()
    assert rows == [json.loads(line) for line in lines]
    needed = {"id", "status", "reason", "sha256", "duration", "fps", "frames"}
    assert needed <= rows[0].keys()


def test_an_array_too_big_for_memory_is_refused_with_its_size(tmp_path):
    (tmp_path / "videos").mkdir()
    counting_video(tmp_path / "videos" / "y.mp4")
    entries, _ = build(tmp_path / "data", [entry("a", "y", 0, 1)], tmp_path / "videos")
    from dataclasses import replace

    huge = replace(entries["a"], frames=10**7, height=720, width=1280)
    with pytest.raises(ActAlignError, match=r"would hold 27648\.0 GB .* does not end in \.npy"):
        check_room(tmp_path / "x.npy", [huge])
    check_room(tmp_path / "x.npy", entries.values())


def test_folders_and_files_that_are_no_dataset_are_named(tmp_path):
    with pytest.raises(UsageError, match="not a finished dataset folder"):
        load_dataset(tmp_path)
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(UsageError, match="ten columns"):
        load_dataset(tmp_path / "x.npy")
    with pytest.raises(UsageError, match="is missing"):
        load_objects(tmp_path / "none.npy")
