"""The benchmark programs still run, at tiny sizes; each checks that its contenders agree."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def printed_by(program: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / program), *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_encode_gpu_runs_on_any_machine_and_names_it():
    printed = printed_by("encode_gpu.py", "--tiny", "--device", "cpu")
    assert "device: the CPU" in printed
    agreed = re.search(r"60 frames agree: least cosine .* (\d\.\d+)", printed)
    assert float(agreed[1]) >= 0.999
    for line in ("bare float32 matrix product", "tower alone", "decoding alone", "transformers"):
        assert re.search(rf"{line}.* \d+\.\d\d frames/s", printed), printed


@pytest.mark.slow
def test_decode_compares_contents_before_it_times():
    pytest.importorskip("cv2")
    printed = printed_by("decode.py", "--frames", "12", "--repeats", "1")
    assert "12 of 12 frames, contents agree" in printed
    assert "1 of 12 frames, contents agree" in printed
    assert len(re.findall(r"^actalign sample_frames .* ratio", printed, re.M)) == 2
