"""The commands' inputs: the original's own files, broken clips, samplings, a language model."""

import json
from importlib.resources import files

import numpy as np
import pytest
from typer.testing import CliRunner

from actalign.errors import ActAlignError, UsageError
from actalign.evaluation.atlas import reference_commands
from actalign.evaluation.atlas._npy import load_objects, object_column, save_objects
from tests.atlas_world import ENTRIES, make_world
from tests.llm_server import LLMServer

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("inputs"))


@pytest.fixture
def here(world, tmp_path, monkeypatch):
    """An empty folder to work in, with the world's files by their names."""
    for name in ("model", "bank.json"):
        (tmp_path / name).symlink_to(world / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("ACTALIGN_CACHE", str(tmp_path / "cache"))
    return tmp_path


def run(name, *flags):
    """One command in this process; returns (exit code, stdout, stderr), raises our errors."""
    import typer

    app = typer.Typer()
    app.command()(getattr(reference_commands, name))
    result = CliRunner().invoke(app, [str(flag) for flag in flags])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def clip(*colours, frames=10):
    """(T, 3, H, W) uint8 as the original stores a clip."""
    one = np.zeros((len(colours) * frames, 3, 8, 8), np.uint8)
    for i, colour in enumerate(colours):
        one[i * frames : (i + 1) * frames] = np.array(colour)[None, :, None, None]
    return one


def originals(path):
    """A dataset as the original's `np.save(DataFrame)` leaves it: an (N, 10) object array."""
    choices = "1. jump shot\n2. layup\n3. 360 flip\n4. hook shot"
    rows = [
        (f"y{i}", f"s{i}", "a", "basketball", "q", answer, choices, ["d"] * 4, "x.mp4", frames)
        for i, (answer, frames) in enumerate(
            [(1, clip(RED, GREEN)), ("2", clip(GREEN, RED)), (7, clip(RED)), (4, clip(BLUE, RED))]
        )
    ]
    table = np.empty((4, 10), dtype=object)
    for i, row in enumerate(rows):
        table[i] = object_column(row)
    np.save(path, table, allow_pickle=True)


def test_the_originals_own_dataset_goes_through_all_commands(here):
    originals("processed_dataset.npy")
    model = ("--model", "model")
    code, out, err = run("encode_videos", "--output", "v.npy", *model)
    assert (code, out) == (0, "4 of 4 clips encoded in v.npy\n")
    assert "model runs on the CPU." in err
    code, _, _ = run(
        *("generate_subactions", "--input", "processed_dataset.npy", "--output", "g.json"),
        *("--bank", "bank.json"),
    )
    assert code == 0
    assert [row["correct_answer_index"] for row in json.loads((here / "g.json").read_text())] == [
        *(0, 1, -1, 3),
    ]
    assert run("encode_subactions", "--subactions", "g.json", "--output", "t.npy", *model)[0] == 0
    flags = ("--subactions", "g.json", "--video_embeddings", "v.npy")
    code, out, _ = run("seq_alignment", *flags, "--subaction_embeddings", "t.npy")
    assert code == 0
    assert "Top-1 Accuracy: 100.00% (3 of 3" in out
    assert "s2: unscored (no answer)" in out
    code, out, _ = run(
        *("baseline", "--input_dataset", "processed_dataset.npy", "--video_embeddings", "v.npy"),
        *model,
    )
    assert code == 0
    assert "3 of 4 samples scored" in out


def test_sampling_by_time_and_its_embeddings_are_kept_apart(here):
    originals("processed_dataset.npy")
    flags = ("--output", "v.npy", "--model", "model", "--fps")
    run("encode_videos", *flags, "all")
    assert [len(v) for v in load_objects(here / "v.npy")] == [20, 20, 10, 20]
    code, _, err = run("encode_videos", *flags, 10)
    assert code == 0
    assert err.count("frames encoded") == 4
    assert [len(v) for v in load_objects(here / "v.npy")] == [7, 7, 4, 7]
    index = json.loads((here / "v.npy.json").read_text())
    np.testing.assert_allclose(index["rows"][0]["pts_seconds"], np.arange(7) / 10, atol=1e-9)
    for wrong in ("0", "-1", "nan", "x"):
        with pytest.raises(UsageError, match="--fps is"):
            run("encode_videos", *flags, wrong)


def test_a_clip_that_breaks_later_is_a_failed_row_in_its_place(here, world):
    (here / "metadata.json").write_text(json.dumps(ENTRIES))
    data = ("--metadata", "metadata.json", "--videos", world / "site", "--output", "data")
    code, out, _ = run("process_data", *data)
    assert code == 0
    assert "5 of 9 clips in data" in out
    (here / "data" / "clips" / "second.mp4").write_bytes(b"no longer a video")
    code, out, err = run(
        *("encode_videos", "--input", "data", "--output", "v.npy", "--model", "model"),
    )
    assert code == 0
    assert "4 of 5 clips encoded" in out
    assert "second: " in err
    assert [v is None for v in load_objects(here / "v.npy")] == [False, True, False, False, False]
    run("generate_subactions", "--input", "data", "--output", "g.json", "--bank", "bank.json")
    run("encode_subactions", "--subactions", "g.json", "--output", "t.npy", "--model", "model")
    flags = ("--subactions", "g.json", "--video_embeddings", "v.npy")
    code, out, _ = run(
        *("seq_alignment", *flags, "--subaction_embeddings", "t.npy", "--scores", "s.json")
    )
    assert "second: unscored (not encoded)" in out
    assert "dead link: no clip (unavailable)" in out
    rows = {row["id"]: row for row in json.loads((here / "s.json").read_text())}
    assert len(rows) == 9
    assert [i for i, row in rows.items() if row["status"] == "missing"] == [
        *("dead link", "private", "cut short", "bad answer"),
    ]
    good = {i: row["predicted_index"] for i, row in rows.items() if row["status"] == "ok"}
    assert good == {"first": 0, "clipped end": 3, "two candidates": 1}


def test_scripts_of_a_language_model_are_paid_for_once(here, monkeypatch):
    originals("processed_dataset.npy")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    flags = ("--input", "processed_dataset.npy", "--output", "g.json")
    with LLMServer() as server:
        code, out, err = run("generate_subactions", *flags, "--base-url", server.url)
        assert code == 0, err
        assert "4 of 4 samples have all scripts" in out
        paid = sum(server.paid.values())
        assert paid == 1  # the four questions have the same candidates
        rows = json.loads((here / "g.json").read_text())
        assert len(rows[0]["subactions"]["layup in basketball"]) == 10
        (here / "g.json").write_text(json.dumps(rows[:2]))  # as if it had been interrupted
        code, _, err = run("generate_subactions", *flags, "--base-url", server.url)
        assert code == 0
        assert "2 of 4 samples were already done" in err
        assert sum(server.paid.values()) == paid
        assert json.loads((here / "g.json").read_text()) == rows


def test_the_prompt_may_be_the_papers_kind_or_a_file(here, monkeypatch):
    originals("processed_dataset.npy")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    (here / "mine.md").write_text("Tell {count} of {domain} apart, in my own way:\n{labels}")
    flags = ("--input", "processed_dataset.npy", "--output")
    asked = {}
    with LLMServer() as server:
        for prompt in ("context-rich", "mine.md"):
            code, _, err = run(
                *("generate_subactions", *flags, f"{prompt}.json", "--base-url", server.url),
                *("--prompt", prompt),
            )
            assert code == 0, err
            asked[prompt] = server.requests[-1]["messages"][0]["content"]
        with pytest.raises(UsageError, match="There is no prompt 'absent'"):
            run("generate_subactions", *flags, "none.json", "--prompt", "absent")
    shipped = files("actalign.scripts") / "_prompts" / "context-rich.md"
    assert shipped.read_text("utf-8").splitlines()[-1] in asked["context-rich"]
    assert "of basketball apart, in my own way:\n1. " in asked["mine.md"]


def test_without_a_bank_or_a_key_the_way_out_is_named(here):
    originals("processed_dataset.npy")
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        run("generate_subactions", "--input", "processed_dataset.npy", "--output", "g.json")
    assert not (here / "g.json").exists()


def test_a_hand_edited_bank_completes_what_was_missing(here):
    originals("processed_dataset.npy")
    flags = ("--input", "processed_dataset.npy", "--output", "g.json", "--bank", "small.json")
    bank = json.loads((here / "bank.json").read_text())
    short = {**bank, "scripts": {k: v for k, v in bank["scripts"].items() if k != "layup"}}
    (here / "small.json").write_text(json.dumps(short))
    code, out, err = run("generate_subactions", *flags)
    assert code == 1  # not one sample has all its scripts
    assert "s0: no script for 'layup' in small.json" in err
    (here / "small.json").write_text(json.dumps(bank))
    code, out, _ = run("generate_subactions", *flags)
    assert (code, out) == (0, "4 of 4 samples have all scripts in g.json\n")
    # A bank that has changed since is taken.
    bank["scripts"]["layup"][0] = "a step of another wording"
    (here / "small.json").write_text(json.dumps(bank))
    assert run("generate_subactions", *flags)[0] == 0
    assert "a step of another wording" in (here / "g.json").read_text()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--metadata", "none.json"), "none.json is missing"),
        (("--metadata", "m.json", "--videos", "nowhere"), "nowhere is missing"),
        (("--metadata", "m.json", "--url-template", "http://x/"), "lacks {youtube_id}"),
        (("--metadata", "m.json", "--cookies", "none.txt"), "none.txt is missing"),
    ],
)
def test_wrong_flags_of_process_data_are_one_sentence(here, flags, message):
    (here / "m.json").write_text(json.dumps(ENTRIES[:1]))
    with pytest.raises(UsageError) as error:
        run("process_data", "--output", "data", *flags)
    assert message in str(error.value)


def test_a_command_without_what_the_one_before_it_writes_says_so(here):
    with pytest.raises(
        UsageError, match=r"processed_dataset\.npy is missing; .*command before this"
    ):
        run("encode_videos", "--output", "v.npy")


def test_scale_and_bias_come_together(here):
    save_objects(here / "v.npy", object_column([np.ones((2, 3), np.float32)]))
    (here / "g.json").write_text("[]")
    flags = ("--subactions", "g.json", "--video_embeddings", "v.npy", "--subaction_embeddings")
    with pytest.raises(UsageError, match="--logit-bias together"):
        run("seq_alignment", *flags, "v.npy", "--logit-scale-log", "1")
    with pytest.raises(ActAlignError, match="cuda:7"):
        run("seq_alignment", *flags, "v.npy", "--device", "cuda:7")
