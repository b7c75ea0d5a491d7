"""The benchmark programs still run, at tiny sizes; each checks that its contenders agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.command import printed_by
from tests.media import write_video

pytest.importorskip("torch")
pytest.importorskip("transformers")

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.slow
def test_encode_gpu_runs_on_any_machine_and_names_it():
    printed = printed_by(BENCHMARKS / "encode_gpu.py", "--tiny", "--device", "cpu")
    assert "device: the CPU" in printed
    agreed = re.search(r"least cosine with transformers float32 (\d\.\d+), same top-1", printed)
    assert float(agreed[1]) >= 0.999
    for line in (
        "bare torch.float32 product",
        "transformers float32, tower alone",
        "actalign float32, tower alone",
        "decoding alone",
        "actalign float32, files to embeddings",
        "transformers float32, files to embeddings",
    ):
        assert re.search(rf"{line}.* \d+\.\d\d frames/s", printed), printed


@pytest.mark.slow
def test_decode_compares_contents_before_it_times():
    pytest.importorskip("cv2")
    printed = printed_by(BENCHMARKS / "decode.py", "--frames", "12", "--repeats", "1")
    assert "12 of 12 frames, contents agree" in printed
    assert "1 of 12 frames, contents agree" in printed
    assert len(re.findall(r"^actalign sample_frames .* ratio", printed, re.M)) == 2


@pytest.mark.slow
def test_align_checks_its_contenders_and_says_the_cost_of_a_cell():
    printed = printed_by(
        BENCHMARKS / "align.py",
        *("--frames", "20", "--width", "16", "--videos", "3", "--seconds", "0.05"),
    )
    assert "all agree to 1e-4" in printed
    assert re.search(r"^actalign, all of it .* \d+\.\d\dx the product$", printed, re.M)
    for line in ("DTW alone, ours ", "DTW alone, ours, columns side by side", "3 videos, cores: 1"):
        assert re.search(rf"{line}.* \d+\.\d\d ns/cell", printed), printed
    for wordings in (1, 5):
        line = rf"^wordings: {wordings}, competitive, predict +\d+\.\d+ ms   \d+\.\d\dx$"
        assert re.search(line, printed, re.M), printed


@pytest.mark.slow
def test_encode_body_checks_its_stages_and_says_what_a_frame_and_a_text_cost():
    printed = printed_by(BENCHMARKS / "encode_body.py", "--repeats", "1")
    assert "149 frames, load" in printed
    assert "the stages agree with the whole" in printed
    assert len(re.findall(r"^\w+ +\d+\.\d\d ms a frame +\d+\.\d%$", printed, re.M)) == 4
    text = re.search(r"^text +(\d+\.\d\d) ms a text, over 48 steps$", printed, re.M)
    assert 0 < float(text[1]) < 50, printed


def test_planted_prints_each_scorers_share_beside_that_of_dtw():
    printed = printed_by(BENCHMARKS / "planted.py", "--clips", "4", "--scorer", "competitive")
    line = r"^  {} +\d+\.\d \[\d+\.\d, \d+\.\d\]  p = [\d.e-]+ against dtw$"
    for name in ("dtw", "competitive"):
        assert len(re.findall(line.format(name), printed, re.M)) == 2, printed


@pytest.mark.slow
def test_real_poses_says_that_the_poses_are_not_here(tmp_path):
    program = [sys.executable, str(BENCHMARKS / "real_poses.py"), str(tmp_path)]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.match(r"There is no .*dev\.npz: the poses .* not part of this repos", ended.stderr)


@pytest.mark.slow
def test_real_poses_prints_the_mean_of_the_wordings_and_how_many_cells_differ(tmp_path):
    folder = poses_of_the_demo(tmp_path)
    printed = printed_by(
        *(BENCHMARKS / "real_poses.py", folder, "--wordings", "b-d", "--scorer", "competitive"),
    )
    cells = re.findall(r"^(\w+)/\w: 1 clips.*\n  competitive +(\d+)\.0 \[", printed, re.M)
    assert len(cells) == 9, printed
    means = {}
    for name in ("yoga6", "gym67", "gym14"):
        shares = [int(share) for of, share in cells if of == name]
        means[name] = sum(shares) / 3
        each = " / ".join(map(str, shares))
        assert f"{name}, competitive: {each}, mean {means[name]:.1f}\n" in printed
    mean = (means["yoga6"] + (means["gym67"] + means["gym14"]) / 2) / 2
    assert 0 < mean < 100
    of_sets = f"mean of yoga6 and of gym, half gym67 and half gym14, {mean:.1f}"
    assert f"competitive: {of_sets}\n" in printed
    assert "competitive: better than dtw with p < 0.05 in 0 of 9 cells, worse in 0\n" in printed


def poses_of_the_demo(folder):
    """A folder as real_poses.py reads it, of a clip called a shoulder press and a yoga sequence."""
    from actalign.demo import demo_clips
    from actalign.encoders.body._pose import PoseEstimator
    from actalign.video import sample_frames

    arrays = {}
    tracks = list(PoseEstimator().clip_tracks(sample_frames(demo_clips()[0].path, fps=10)))
    for name in ("world", "visibility", "root", "pixels_per_metre", "pts_seconds", "found"):
        value = np.concatenate([getattr(track, name) for track in tracks])
        value = np.round(255 * value) if name == "visibility" else value
        arrays |= {f"one/{name}": value, f"two/{name}": value}
    np.savez(folder / "dev.npz", **arrays)
    truth = {
        "one": {"set": "gym", "label": "shoulder press"},
        "two": {"set": "yoga6", "label": "downward dog"},
    }
    (folder / "truth.json").write_text(json.dumps(truth))
    return folder


def test_people_looks_prints_the_cost_and_the_counts(tmp_path):
    write_video(tmp_path / "nobody.mp4", 2)
    printed = printed_by(BENCHMARKS / "people_looks.py", tmp_path)
    for name in ("one person", "two people"):
        assert re.search(rf"{name}: 1 clips, time x \d+\.\d+, people in looks: 0 in \d", printed)


@pytest.mark.slow
def test_people_prints_the_share_found_at_each_size_and_where_nobody_is(tmp_path):
    from PIL import Image

    from actalign.demo import demo_clips

    (tmp_path / "clips").mkdir()
    clip = demo_clips()[0].path
    (tmp_path / "clips" / clip.name).write_bytes(clip.read_bytes())
    (tmp_path / "empty").mkdir()
    Image.new("RGB", (80, 60), (90, 120, 90)).save(tmp_path / "empty" / "green.png")
    printed = printed_by(
        BENCHMARKS / "people.py", "--clips", tmp_path / "clips", "--empty", tmp_path / "empty"
    )
    assert len(re.findall(r"people found, size x .* with parts +\d+\.\d \[", printed)) == 5
    assert re.search(r"found where nobody is +n +5 +whole +0\.0 .* with parts +0\.0", printed)


@pytest.mark.slow
def test_locate_values_counts_false_detections_by_wordings():
    printed = printed_by(BENCHMARKS / "locate_values.py", "--noise", "0.2")
    line = r"^(\d) wordings: ([\d.]+) false detections an hour, ([\d.]+) with log\(W\) / K off$"
    found = re.findall(line, printed, re.M)
    assert [n for n, _, _ in found] == ["1", "2", "4", "8"], printed
    assert found[0][1] == found[0][2]
    assert float(found[-1][2]) < float(found[-1][1])
