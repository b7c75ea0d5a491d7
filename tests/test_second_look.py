"""A second look: a service on loopback that really looks at the pictures it is sent."""

import json
import math
import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import SecretStr

from actalign import ActAlign
from actalign.background import BackgroundSums
from actalign.demo import demo_clips
from actalign.errors import UsageError
from actalign.scripts import LLMConfig
from actalign.scripts._chat import Answer
from actalign.scripts._reply import token_alternatives
from actalign.second_look import SecondLook
from actalign.second_look._frames import best_times, pictures_at
from actalign.second_look._question import letter_of, letter_scores
from actalign.types import Alignment, FrameBatch
from actalign.video import sample_frames
from actalign.video._worker import DecodeProcess
from tests.colour_clips import colour_frames, write_colours
from tests.command import actalign
from tests.llm_server import refuses, says, status
from tests.media import number_of, write_video
from tests.vision_server import VisionServer, colour_of

# Without order in what is scored, the first two are alike, so the first one given wins.
SCRIPTS = {
    "sunset": ["yellow", "red", "black"],
    "sunrise": ["black", "red", "yellow"],
    "grass": ["green", "white", "green"],
}


@pytest.fixture
def server():
    with VisionServer() as running:
        yield running


@pytest.fixture
def rise(tmp_path):
    return write_colours(tmp_path / "rise.mp4", ["black", "red", "yellow"])


@pytest.fixture(scope="module")
def model(colour_model):
    return ActAlign.from_pretrained(str(colour_model), scorer="order_free", smoothing_seconds=0)


@pytest.fixture
def look(server, tmp_path):
    """A second look at every clip, by the server."""
    opened = []

    def begin(**more):
        settings = {"temperature": 0.0, "max_retries": 1, **more.pop("config", {})}
        config = LLMConfig(model="tiny", base_url=server.url, **settings)
        given = {"close": 1, "cache": tmp_path / "answers", **more}
        opened.append(SecondLook(config, **given))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def test_the_model_decides_by_what_it_sees_and_both_answers_are_in_the_row(
    server, look, rise, model
):
    first = model.predict(rise, scripts=SCRIPTS, domain="sky")
    assert first.label == "sunset"  # as good as sunrise where order doesn't count
    row, second, warning = look().at(first, rise)
    assert (row["label"], second.label, warning) == ("sunrise", "sunrise", None)
    assert row["filtered_resps"] == ["sunrise"]
    said = row["second_look"]
    assert (said["first_label"], said["label"]) == ("sunset", "sunrise")
    assert said["options"] == [c.label for c in first.candidates]
    assert said["by"] == "log-probabilities"
    # What it saw fits 3 steps of sunrise in order, 1 of sunset and none of grass.
    assert said["probabilities"] == pytest.approx(softmax([1, 3, 0]), abs=1e-6)
    assert [c["label"] for c in row["candidates"]] == ["sunrise", "sunset", "grass"]
    assert len(server.requests) == 3  # a rotation each
    for seen, captions in zip(server.seen, server.captions, strict=True):
        assert [key for key, _ in groupby(seen)] == ["black", "red", "yellow"]  # in time's order
        expected = [f"Frame {n}, at {at:.2f} s:" for n, at in enumerate(said["frames_seconds"], 1)]
        assert captions == expected


@pytest.mark.slow
def test_the_program_of_the_docs_runs(server, tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[1] / "docs" / "second-look.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert "http://127.0.0.1:8000/v1" in code
    clip = demo_clips()[0]
    steps = {script.label: list(script.steps) for script in clip.scripts}
    (tmp_path / "scripts.yaml").write_text(json.dumps({"scripts": steps}))
    (tmp_path / "clip.mp4").symlink_to(clip.path)
    monkeypatch.chdir(tmp_path)
    exec(code.replace("http://127.0.0.1:8000/v1", server.url), {})
    assert re.fullmatch(r"clean and press .+ None\n", capsys.readouterr().out)
    assert server.seen


def softmax(values):
    powers = np.exp(np.array(values, float))
    return (powers / powers.sum()).tolist()


@pytest.mark.parametrize("logprobs", [True, False], ids=["log-probabilities", "votes"])
@pytest.mark.parametrize("bias", [(), (9, 0, 0), (0, 0, 9), (0, 1.5, -1.5)])
def test_a_liking_for_a_letter_cancels(look, rise, model, server, bias, logprobs):
    server.bias, server.logprobs = bias, logprobs
    row, _, _ = look().at(model.predict(rise, scripts=SCRIPTS), rise)
    said = row["second_look"]
    if logprobs:
        assert said["probabilities"] == pytest.approx(softmax([1, 3, 0]), abs=1e-6)
        assert row["label"] == "sunrise"
    elif 9 in bias:  # by votes a model that always says one letter says nothing
        assert said["probabilities"] == pytest.approx([1 / 3] * 3)
        assert row["label"] == "sunset"
    else:
        assert row["label"] == "sunrise"
    assert said["by"] == ("log-probabilities" if logprobs else "votes")


def test_answers_are_paid_for_once_and_counted(look, rise, model, server):
    first = model.predict(rise, scripts=SCRIPTS)
    price = {"input_price": 2.0, "output_price": 8.0}
    one = look(config=price)
    row, _, _ = one.at(first, rise)
    said = row["second_look"]
    assert (said["input_tokens"], said["output_tokens"]) == (300, 150)
    assert said["cost_usd"] == pytest.approx((300 * 2 + 150 * 8) / 1e6)
    assert one.summary() == (
        "second look: 1 clip, 1 answer changed, 0 failed; 300 tokens in, 150 out, 0.0018 USD"
    )
    again = look(config=price)
    assert again.at(first, rise)[0] == row
    assert len(server.requests) == 3
    assert "; 0 tokens in, 0 out, 0.0000 USD" in again.summary()
    # Another clip, of other frames, is another question.
    other = write_colours(rise.with_name("set.mp4"), ["yellow", "red", "black"])
    again.at(model.predict(other, scripts=SCRIPTS), other)
    assert len(server.requests) == 6


def hang(body):
    return replace(says("A")(body), delay=30)


def cut(body):
    return replace(says("A")(body), cut_after=40)


FAULTS = {
    "refusal": (refuses("I can't look at people."), "refused; it said: I can't look at people."),
    "filter": (says("", "content_filter"), "refused; it said: nothing"),
    "no letter": (says("It is dark."), "named no option; it said: It is dark."),
    "a letter too many": (says("D"), "named no option; it said: D"),
    "rate limit": (status(429, "slow down", retry_after="0.01"), "slow down"),
    "broken line": (cut, "failed or broke off"),
    "error": (status(400, "too large"), "too large"),
    "time-out": (hang, "sent no answer within 0.5 s"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_look_that_fails_leaves_the_first_answer_with_a_warning(look, rise, model, server, fault):
    behaviour, said = FAULTS[fault]
    server.behaviours = [behaviour] * 6  # also for the retries
    first = model.predict(rise, scripts=SCRIPTS)
    one = look(config={"timeout_seconds": 0.5 if fault == "time-out" else 10})
    row, second, warning = one.at(first, rise)
    assert second.label == row["label"] == "sunset"
    assert "second_look" not in row
    assert row["warnings"][-1] == warning
    assert warning.startswith("The second look failed, so the first answer stands: ")
    assert said in warning
    assert one.counts.failed == 1
    # It asks again, and what it was refused was not kept.
    server.behaviours = []
    assert look().at(first, rise)[0]["label"] == "sunrise"


def test_a_429_that_passes_and_refused_parameters_do_no_harm(look, rise, model, server):
    server.behaviours = [status(429, "slow down", retry_after="0.01")] * 2
    first = model.predict(rise, scripts=SCRIPTS)
    assert look(config={"max_retries": 3}).at(first, rise)[0]["label"] == "sunrise"

    def picky(body):
        if "top_logprobs" in body:
            return status(400, "at most 5", "top_logprobs")(body)
        if "temperature" in body:
            return status(400, "only 1", "temperature")(body)
        return server.look({**body, "logprobs": False})

    server.behaviours = [picky] * 9
    row, _, _ = look(cache=rise.parent / "others").at(first, rise)
    assert (row["label"], row["second_look"]["by"]) == ("sunrise", "votes")


def test_what_to_check_is_named_by_the_options_of_a_second_look(look, rise, model, server):
    first = model.predict(rise, scripts=SCRIPTS)
    for code, option in ((401, "--second-look-key-file"), (404, "--second-look-url")):
        server.behaviours = [status(code, "no")] * 9
        warning = look().at(first, rise).warning
        assert option in warning
        assert "--base-url" not in warning


def test_after_a_refused_key_nothing_more_is_sent(look, rise, model, server):
    server.behaviours = [status(401, "bad key")] * 9
    one = look()
    first = model.predict(rise, scripts=SCRIPTS)
    assert "refused the API key" in one.at(first, rise).warning
    sent = len(server.requests)
    assert "refused the API key" in one.at(first, rise).warning
    assert len(server.requests) == sent


def test_frames_that_a_data_set_holds_are_shown_by_their_times():
    shown = colour_frames(["red", "green", "blue"], each=2)
    batch = FrameBatch(shown, np.arange(6) / 2.0)
    with DecodeProcess() as decoder:
        found = pictures_at(batch, [0.5, 2.0], decoder)
    assert [(one.caption, colour_of(one.jpeg)) for one in found] == [
        ("Frame 1, at 0.50 s:", "red"),
        ("Frame 2, at 2.00 s:", "blue"),
    ]


def test_a_video_that_is_gone_leaves_the_first_answer(look, rise, model, server):
    first = model.predict(rise, scripts=SCRIPTS)
    rise.unlink()
    row, _, warning = look().at(first, rise)
    assert row["label"] == "sunset"
    assert "rise.mp4" in warning
    assert server.requests == []


def test_only_close_clips_are_looked_at(look, rise, colour_model, server):
    plain = ActAlign.from_pretrained(str(colour_model))
    sums = BackgroundSums(plain.encoder.info.model_id, plain.encoder.info.fingerprint, 3)
    sums.add(np.random.default_rng(0).normal(size=(50, 3)))
    background = replace(sums.background("made up"), temperatures={"order_free": 0.05})
    model = ActAlign(plain.encoder, scorer="order_free", background=background)
    meadow = write_colours(rise.with_name("meadow.mp4"), ["green", "white", "green"])
    one = look(close=0.2)
    assert one.at(model.predict(rise, scripts=SCRIPTS), rise).row["label"] == "sunrise"
    sent = len(server.requests)
    sure = model.predict(meadow, scripts=SCRIPTS)
    assert sure.candidates[0].confidence - sure.candidates[1].confidence > 0.2
    assert one.at(sure, meadow).row == sure.to_row()
    assert len(server.requests) == sent
    # A clip of whose candidates no confidence is known is not close.
    assert not one.wants(plain.predict(meadow, scripts=SCRIPTS))


@pytest.mark.parametrize("wrong", ["a", 2.5, 1, 27])
def test_a_look_is_at_a_whole_number_of_candidates(look, wrong):
    with pytest.raises(UsageError, match=f"top_k is {wrong!r}; give a whole number from 2 to 26"):
        look(top_k=wrong)


def test_a_local_model_is_refused_so_that_no_frame_goes_to_a_service():
    with pytest.raises(UsageError, match="needs a service; leave local_model out"):
        SecondLook(LLMConfig(local_model="mine"), api_key=SecretStr("key"))


def test_frames_are_the_best_of_each_step_decoded_again_at_their_times(tmp_path, model, rise):
    prediction = model.predict(rise, scripts=SCRIPTS)
    times = prediction.clip.pts_seconds
    affinity = np.zeros((len(times), 2), np.float32)
    affinity[4, 0] = affinity[20, 1] = 1
    path = np.array([(t, int(t > 10)) for t in range(len(times))], np.int32)
    one = replace(prediction.best, alignment=Alignment(0.0, path, affinity))
    assert best_times(prediction.clip, [one]) == [times[4], times[20]]
    assert best_times(prediction.clip, [one, one]) == [times[4], times[20]]
    # Without any alignment, and with too many steps: evenly, the first and the last among them.
    none = replace(prediction.best, alignment=None)
    spread = best_times(prediction.clip, [none])
    assert (len(spread), spread[0], spread[-1]) == (12, times[0], times[-1])

    video = write_video(tmp_path / "numbered.mp4", 24, fps=12)
    with DecodeProcess() as decoder:
        batches = list(decoder.sample_frames(video, at_seconds=[1.5, 5 / 12, 5.2 / 12, 99.0]))
    assert [number_of(f) for batch in batches for f in batch.frames] == [5, 18, 23]
    for wrong in ([], [math.nan]):
        with pytest.raises(UsageError, match="at_seconds"):
            sample_frames(video, at_seconds=wrong)
    with pytest.raises(UsageError, match="one of fps, num_frames and at_seconds"):
        sample_frames(video, at_seconds=[1.0], fps=2)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("I am sure", None), ("B", 1), (" (b). ", 1), ("B. sunrise", 1), ("**B**", 1),
        ("The answer is B.", 1), ("<think>A or C?</think>\nB", 1), ("Answer: C", 2),
        ("A sunrise", None), ("D", None), ("", None), ("It may be A or B", None),
    ],
)  # fmt: skip
def test_letters_are_read(text, letter):
    answer = Answer(text=text, finish="stop", answer_format="text", served_model="tiny")
    assert letter_of(answer, 3) == letter


def test_log_probabilities_are_read_where_the_letter_stands():
    def answer(text, *alternatives):
        return Answer(
            text=text,
            finish="stop",
            answer_format="text",
            served_model="tiny",
            alternatives=alternatives,
        )

    half = math.log(0.5)
    found = letter_scores(answer("B.", {"B": half, " B": half, "A": -2.0, "x": -7.0}, {".": 0}), 3)
    assert found == pytest.approx([-2.0, 0.0, -7.0])
    assert letter_scores(answer("B"), 3) is None
    assert letter_scores(answer("B", {"A": -0.1, "B": -3.0}), 3) is None  # it says another


def test_log_probabilities_that_are_no_numbers_are_left_out():
    values = {"A": -1.0, "B": math.nan, "C": -math.inf, "D": "x", "E": None, "F": 10**400}
    listed = [SimpleNamespace(token=token, logprob=value) for token, value in values.items()]
    token = SimpleNamespace(top_logprobs=listed)
    choice = SimpleNamespace(logprobs=SimpleNamespace(content=[token]))
    assert token_alternatives(choice) == ({"A": -1.0},)


def test_the_command_looks_again_only_where_told(server, rise, colour_model, tmp_path):
    (tmp_path / "sky.json").write_text(json.dumps({"scripts": SCRIPTS}))

    def run(*more):
        return actalign(
            "classify", rise, "--model", colour_model, "--scripts", "sky.json", "--scorer",
            "order_free", "--out", "rows.jsonl", *more, cwd=tmp_path, ACTALIGN_CACHE=tmp_path / "c",
        )  # fmt: skip

    def row():
        return json.loads((tmp_path / "rows.jsonl").read_text())

    assert run().returncode == 0
    assert (row()["label"], server.requests) == ("sunset", [])
    second = ("--second-look", "tiny", "--second-look-url", server.url)
    for more, said in (
        (second, "give --second-look-close 1"),
        (second[2:], "need --second-look MODEL"),
        ((*second, "--min-confidence", "0.5"), "--min-confidence"),
        ((*second, "--second-look-close", "1", "--second-look-price", "2"), "two numbers"),
    ):
        wrong = run(*more)
        assert wrong.returncode == 2, wrong.stderr
        assert said in " ".join(wrong.stderr.split())
    assert server.requests == []
    ended = run(*second, "--second-look-close", "1", "--second-look-price", "2,8")
    assert ended.returncode == 0, ended.stderr
    assert row()["label"] == "sunrise"
    assert row()["second_look"]["first_label"] == "sunset"
    assert ended.stdout.splitlines()[1].startswith("rise  sunrise")
    assert "second look: 1 clip, 1 answer changed, 0 failed; 300 tokens in" in ended.stderr
    server.behaviours = [refuses("no")] * 3
    ended = run(*second, "--second-look-close", "1", "--second-look-top", "2")
    assert ended.returncode == 0
    assert row()["label"] == "sunset"
    assert "the first answer stands" in ended.stderr
