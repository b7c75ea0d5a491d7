"""Mutated video files: none may hang or crash a decoder, and none gives a wrong kind of error.

The decoders are the child processes that every command uses, each of which works through many
files; a crash or a hang of one is reported with the file's name and doesn't affect this process.
"""

import numpy as np
import pytest

from actalign.errors import VideoError
from actalign.video._worker import DecodeProcess
from tests.fuzzing import SEED, TIMES, mutated
from tests.media import write_video

pytestmark = [pytest.mark.fuzz, pytest.mark.slow]

FORMATS = {
    "mp4": [{"codec": "libx264"}, {"codec": "mpeg4", "with_sound": True}],
    "webm": [{"codec": "libvpx"}, {"codec": "libvpx-vp9"}],
    "avi": [{"codec": "mpeg4"}, {"codec": "mjpeg", "pixel_format": "yuvj420p"}],
    "mkv": [{"codec": "libx264", "options": {"bf": "2"}}],
    "gif": [{"codec": "gif", "pixel_format": "rgb8"}],
    "ts": [{"codec": "mpeg2video"}],
}
FILES = {"mp4": 700, "webm": 700, "avi": 700, "mkv": 100, "gif": 100, "ts": 100}
HANG_SECONDS = 30


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    return {
        kind: [
            write_video(folder / f"{n}.{kind}", 10, **settings).read_bytes()
            for n, settings in enumerate(ways)
        ]
        for kind, ways in FORMATS.items()
    }


def test_so_many_files_that_the_name_of_a_fuzz_test_is_deserved():
    assert FILES["mp4"] + FILES["webm"] + FILES["avi"] >= 2000


@pytest.mark.parametrize("kind", FORMATS)
def test_no_mutated_file_hangs_or_crashes_the_decoder(originals, tmp_path, kind):
    others = [data for ways in originals.values() for data in ways]
    faults, decoded, refused = [], 0, 0
    path = tmp_path / f"mutated.{kind}"
    print(f"seed {SEED}")
    with DecodeProcess(silent_seconds=HANG_SECONDS) as decoder:
        for number in range(FILES[kind] * TIMES):
            original = originals[kind][number % len(originals[kind])]
            path.write_bytes(mutated(original, others, f"{kind} {number}"))
            try:
                stream = decoder.sample_frames(path, num_frames=4, max_side=64)
                for batch in stream:
                    assert batch.frames.dtype == np.uint8
                    assert np.isfinite(batch.pts_seconds).all()
                decoded += 1
            except VideoError as error:
                # A decoder that crashed, also by an error of ours, or hung.
                if "The decoder" in str(error):
                    faults.append(f"{kind} {number}: {error}")
                elif str(path) in str(error) or "A frame has" in str(error):
                    refused += 1
                else:
                    faults.append(f"{kind} {number}: an error that names no file: {error}")
    assert not faults, f"seed {SEED}: {faults}"
    # Mutations must reach into the decoder as well as break the file.
    assert decoded > 0.1 * FILES[kind] * TIMES
    assert refused > 0.01 * FILES[kind] * TIMES
