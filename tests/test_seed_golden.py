"""Command 6 on the golden arrays, written as the original scripts write their files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from actalign.errors import EncoderError, UsageError
from actalign.evaluation.atlas import reference_commands
from actalign.rows._files import parse_row

GOLDEN = Path(__file__).parent / "golden" / "reference_scores.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="module")
def files(golden, tmp_path_factory):
    """The three files, made with the original's own calls (`np.array(list, dtype=object)`)."""
    folder = tmp_path_factory.mktemp("golden")
    n = int(golden["n"])
    counts = [int(golden[f"n_cand_{i}"]) for i in range(n)]
    videos = np.array([golden[f"video_{i}"] for i in range(n)], dtype=object)
    texts = np.array(
        [[golden[f"cand_{i}_{m}"] for m in range(counts[i])] for i in range(n)], dtype=object
    )
    np.save(folder / "video_embeddings.npy", videos, allow_pickle=True)
    np.save(folder / "encoded_subactions.npy", texts, allow_pickle=True)
    rows = []
    for i in range(n):
        options = [f"move {m}" for m in range(counts[i])]
        rows.append(
            {
                "youtube_id": f"y{i}",
                "id": f"s{i}",
                "domain": "sport",
                "action": options[0],
                "question": "Which?",
                "cleaned_options": options,
                "correct_answer_index": int(golden["answers"][i]),
                "subactions": {
                    f"{o} in sport": [f"step {k}" for k in range(len(golden[f"cand_{i}_{m}"]))]
                    for m, o in enumerate(options)
                },
            }
        )
    (folder / "generated_subactions.json").write_text(json.dumps(rows))
    return folder


def seq_alignment(folder, *flags):
    """Command 6 in this process; our errors are raised."""
    app = typer.Typer()
    app.command()(reference_commands.seq_alignment)
    inputs = {
        "--subactions": "generated_subactions.json",
        "--video_embeddings": "video_embeddings.npy",
        "--subaction_embeddings": "encoded_subactions.npy",
    }
    command = [part for flag, name in inputs.items() for part in (flag, str(folder / name))]
    result = CliRunner().invoke(app, [*command, "--device", "cpu", *map(str, flags)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def scale(golden):
    return (
        *("--logit-scale-log", repr(float(golden["logit_scale_log"]))),
        *("--logit-bias", repr(float(golden["logit_bias"]))),
    )


@pytest.mark.parametrize(
    ("flags", "mode"), [((), "code"), (("--reference",), "code"), (("--no-sigmoid",), "cosine")]
)
def test_command_6_gives_the_references_scores_and_top_k(golden, files, tmp_path, flags, mode):
    if "--reference" in flags:
        pytest.importorskip("torch")  # the original's own arithmetic
    scores = tmp_path / "scores.json"
    done = seq_alignment(files, "--scores", scores, *scale(golden), *flags)
    assert done.exit_code == 0
    found = json.loads(scores.read_text())
    assert [row["id"] for row in found] == [f"s{i}" for i in range(24)]
    for row in found:
        parse_row(json.dumps(row), row["clip"])
    for i, row in enumerate(found):
        expected = golden[f"{mode}_scores_{i}"]
        np.testing.assert_allclose(row["scores"], expected, rtol=1e-5)
        assert row["path_lengths"] == golden[f"{mode}_pathlen_{i}"].tolist()
        assert row["predicted_index"] == int(np.argmax(expected))
        assert row["correct_index"] == row["target_index"] == int(golden["answers"][i])
        assert [row["options"].index(c["label"]) for c in row["candidates"]] == np.argsort(
            -expected, kind="stable"
        ).tolist()
        assert row["rank"] == 1 + int(np.sum(expected > expected[golden["answers"][i]]))
        if flags == ("--reference",):
            # The same operations; torch rounds them differently on another processor and with
            # other threads, and the sigmoid passes on what that is of a logit of some 10.
            np.testing.assert_allclose(row["scores"], expected, rtol=5e-6)
    if mode == "code":
        for k in (1, 2):
            assert f"Top-{k} Accuracy: {float(golden[f'top{k}']):.2%}" in done.stdout


def test_rows_without_ids_are_never_matched_when_their_numbers_differ(golden, files, tmp_path):
    for name in ("video_embeddings.npy", "encoded_subactions.npy"):
        (tmp_path / name).write_bytes((files / name).read_bytes())
    rows = json.loads((files / "generated_subactions.json").read_text())
    (tmp_path / "generated_subactions.json").write_text(json.dumps(rows[1:]))
    with pytest.raises(UsageError, match="24 rows without ids for 23 samples"):
        seq_alignment(tmp_path, *scale(golden))


def test_a_missing_device_asked_for_by_name_is_an_error(golden, files):
    with pytest.raises(EncoderError, match="cuda:7"):
        seq_alignment(files, *scale(golden), "--device", "cuda:7")


def test_failed_rows_are_unscored_and_move_nobody(golden, files, tmp_path):
    """A failed video and a missing candidate, as the original's files have them."""
    videos = np.load(files / "video_embeddings.npy", allow_pickle=True)
    texts = np.load(files / "encoded_subactions.npy", allow_pickle=True)
    rows = json.loads((files / "generated_subactions.json").read_text())
    videos[3] = None
    texts[5] = texts[5][:1] + texts[5][2:]
    del rows[5]["subactions"]["move 1 in sport"]
    rows[7]["subactions"]["move 0 in sport"] = "not a list"
    rows[8]["correct_answer_index"] = -1
    np.save(tmp_path / "video_embeddings.npy", videos, allow_pickle=True)
    np.save(tmp_path / "encoded_subactions.npy", texts, allow_pickle=True)
    (tmp_path / "generated_subactions.json").write_text(json.dumps(rows))
    done = seq_alignment(tmp_path, "--scores", tmp_path / "scores.json", *scale(golden))
    assert done.exit_code == 0
    found = json.loads((tmp_path / "scores.json").read_text())
    unscored = {row["id"]: row["error_kind"] for row in found if row["status"] == "unscored"}
    assert unscored == {
        "s3": "not encoded",
        "s5": "missing candidate",
        "s7": "missing candidate",
        "s8": "no answer",
    }
    assert "'move 1'" in found[5]["error"]
    for i in set(range(24)) - {3, 5, 7, 8}:
        np.testing.assert_allclose(found[i]["scores"], golden[f"code_scores_{i}"], rtol=1e-5)
    assert "20 of 24 samples scored" in done.stdout
    for name in unscored:
        assert name in done.stdout


def test_a_missing_package_for_the_references_scale_is_wrong_usage(files):
    words = ["seq_alignment.py", "--reference", "--subactions", "generated_subactions.json"]
    words += ["--video_embeddings", "video_embeddings.npy"]
    words += ["--subaction_embeddings", "encoded_subactions.npy"]
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from actalign.evaluation.atlas.reference_commands import run, seq_alignment\n"
        f"sys.argv = {words!r}; run(seq_alignment)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=files, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "--reference takes scale and bias from" in ended.stderr
    assert "pip install 'actalign[siglip]'" in ended.stderr
