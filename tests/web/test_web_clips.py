"""What the explorer's API does with many clips: table, corrections, lists, search, previews."""

import csv
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from actalign import ActAlign, Script, UsageError, VideoError
from actalign.background import BackgroundSums
from actalign.evaluation._readers import Source, read_data
from actalign.scripts import load_scripts
from actalign.web._jobs import Explorer
from actalign.web._truth import load_truths
from tests.atlas_world import render
from tests.colour_clips import CANDIDATES, write_colours
from tests.command import DEADLOCK_SECONDS, actalign, decoding_children, wait_for
from tests.media import colours_of, write_plain, write_video
from tests.web.serving import Serving

pytestmark = pytest.mark.usefixtures("sockets_of_others")


@pytest.fixture
def served(folder, classifier):
    """A server of a folder of three clips, all aligned."""
    api = Serving(classifier, clips=folder)
    api.ids = api.http.get("/api/info").json()["folder_clips"]
    for one in api.ids:
        api.align(one)
    yield api
    api.stop()


def test_requests_that_come_late_leave_no_decoder(folder, classifier):
    explorer = Explorer(classifier, clips=folder)
    clip = explorer.clip(explorer.folder_clips[0])
    looked, stop = threading.Event(), threading.Event()

    def look():
        while not stop.is_set():
            with suppress(VideoError):  # of the look that is under way, then of those that are late
                explorer.frame(clip, 0.5)
                looked.set()

    before = set(decoding_children())
    threads = [threading.Thread(target=look) for _ in range(3)]
    for one in threads:
        one.start()
    assert looked.wait(DEADLOCK_SECONDS)
    explorer.close()
    for late in (lambda: explorer.frame(clip, 0.5), lambda: explorer.preview(clip)):
        try:
            with pytest.raises(VideoError, match="server is shutting down"):
                late()
        finally:
            stop.set()
    for one in threads:
        one.join(DEADLOCK_SECONDS)
    assert set(decoding_children()) <= before


def table(api):
    return api.http.get("/api/clips", params={"clip": api.ids}).json()


def test_the_table_and_its_files(served):
    shown = table(served)
    assert [row["name"] for row in shown["clips"]] == ["clip0.mp4", "clip1.mp4", "clip2.mp4"]
    assert {row["label"] for row in shown["clips"]} <= {"sunrise", "sunset"}
    assert all(row["second"] != row["label"] for row in shown["clips"])
    lines = served.http.get("/api/table.csv", params={"clip": served.ids}).content.decode(
        "utf-8-sig"
    )
    assert [line["clip"] for line in csv.DictReader(lines.splitlines())] == [
        "clip0.mp4", "clip1.mp4", "clip2.mp4",
    ]  # fmt: skip
    said = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
    assert [name for name in shown["clips"][0] if f"`{name}`" not in said] == []
    result = shown["clips"][0]["result"]
    assert "-->" in served.http.get(f"/api/results/{result}/captions.srt").text
    assert "start_seconds" in served.http.get(f"/api/results/{result}/steps.csv").text


def test_a_folders_clips_are_kept_as_classify_keeps_them_and_uploaded_ones_are_not(
    folder,
    colour_model,
    serve,
    video,
):
    store = folder / "store"
    api = serve(ActAlign.from_pretrained(colour_model, store=store), clips=folder)
    first, *_ = api.http.get("/api/info").json()["folder_clips"]
    for clip in (first, api.upload(video).json()["clip"]):
        api.align(clip)
    assert [path.name.partition(".")[0] for path in store.iterdir()] == ["clip0"]
    again = actalign("encode", folder / "clip0.mp4", "--model", colour_model, "--out", store)
    assert "0 encoded, 1 encoded before, 0 failed" in again.stderr


def test_how_many_frames_are_to_come_is_said_of_a_folders_clip(folder, serve):
    """So that the page can say of a long file how long it will take."""
    api = serve(clips=folder)
    first, *_ = api.http.get("/api/info").json()["folder_clips"]
    job = api.align(first)
    assert job["frames_total"] == job["frames_done"] > 0


def test_a_candidate_that_fills_a_clip_is_found_weakly(tmp_path, serve):
    for name, times in {"often": 4, "once": 1}.items():
        shown = ["green"] * 60
        for n in range(times):
            shown[12 * n + 3 : 12 * n + 6] = ["black", "red", "yellow"]
        render(tmp_path / f"{name}.mp4", shown, fps=5, size=(48, 64))
    api = serve(clips=tmp_path)
    for clip, weak in zip(
        api.http.get("/api/info").json()["folder_clips"], ([True] * 4, [False]), strict=True
    ):
        api.align(clip, CANDIDATES[:1])
        asked = {"clip": clip, "candidates": CANDIDATES[:1]}
        found = api.http.post("/api/locate", json=asked).json()["detections"]
        assert [one["weak"] for one in found] == weak


def test_corrections_are_saved_beside_the_clips_and_read_by_eval(served, folder, classifier):
    said = table(served)["clips"][0]["label"]
    other = "sunset" if said == "sunrise" else "sunrise"
    times = [{"start": 0, "end": 0.3, "step": 0}, {"start": 0.3, "end": 1, "step": 1}]
    for clip, body in zip(
        served.ids,
        ({"label": said, "intervals": times}, {"label": other}, {"label": None}),
        strict=True,
    ):
        answer = served.http.put(f"/api/clips/{clip}/truth", json=body)
        assert answer.status_code == 200, answer.text
    accuracy = table(served)["accuracy"]
    assert (accuracy["hits"], accuracy["total"]) == (1, 3)
    assert accuracy["low"] == pytest.approx(0.0615, abs=1e-3)  # Wilson's, by another program
    assert accuracy["high"] == pytest.approx(0.7923, abs=1e-3)
    for source in (
        Source(folder / "truth.jsonl"),
        Source(folder, truth=folder / "truth.jsonl"),
    ):
        questions = read_data(source).questions
        assert [(q.video.name, q.target) for q in questions] == [
            ("clip0.mp4", said), ("clip1.mp4", other),
        ]  # fmt: skip
        assert all(q.video.exists() for q in questions)
        assert questions[0].intervals[1].start == 0.3
    # The next server knows them.
    again = Explorer(classifier, clips=folder)
    truths = [clip.truth for clip in map(again.clip, served.ids)]
    assert [one.question.target for one in truths] == [said, other, None]
    wrong = table(served)["clips"][2]["label"]
    assert [one.rejected for one in truths] == [None, None, wrong]
    # A later correction loses nothing of it.
    again.unjudge(again.clip(served.ids[1]))
    again.close()
    again = Explorer(classifier, clips=folder)
    assert [again.clip(one).truth is None for one in served.ids] == [False, True, False]
    assert again.clip(served.ids[2]).truth.rejected == wrong
    again.close()
    lines = (folder / "truth.jsonl").read_text().splitlines()
    broken = json.dumps({**json.loads(lines[0]), "without_answer": [{"rejected": 5}]})
    (folder / "truth.jsonl").write_text("\n".join([broken, *lines[1:]]))
    with pytest.raises(UsageError, match=r"truth.jsonl, line 1, without_answer: 0.question is"):
        load_truths(folder)
    address = f"/api/clips/{served.ids[0]}/truth"
    answer = served.http.delete(address)
    assert answer.status_code == 400
    assert "truth.jsonl next to the clips can't be read any more" in answer.json()["error"]
    (folder / "truth.jsonl").write_text("\n".join(lines))
    served.http.delete(address).raise_for_status()
    assert list(load_truths(folder)) == ["clip2.mp4"]


def test_two_servers_of_one_folder_keep_each_others_corrections(served, serve, folder):
    other = serve(clips=folder)
    for clip in served.ids:
        other.align(clip)
    for api, clip in ((served, 0), (other, 1), (served, 2)):
        address = f"/api/clips/{served.ids[clip]}/truth"
        api.http.put(address, json={"label": "sunrise"}).raise_for_status()
    said = read_data(Source(folder / "truth.jsonl")).questions
    assert [one.video.name for one in said] == ["clip0.mp4", "clip1.mp4", "clip2.mp4"]
    other.http.delete(f"/api/clips/{served.ids[1]}/truth").raise_for_status()
    assert list(load_truths(folder)) == ["clip0.mp4", "clip2.mp4"]


def test_a_candidate_without_steps_is_said_to_have_no_script(serve, video):
    api = serve()
    clip = api.upload(video, "a.mp4").json()["clip"]
    job = api.align(clip, [{"label": "red", "steps": [" "]}, *CANDIDATES])
    found = api.http.get(f"/api/results/{job['result']}").json()["candidates"]
    assert {one["label"] for one in found if not one["has_script"]} == {"red"}
    [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
    assert row["without_script"] == ["red"]


def test_a_correction_that_can_not_be_saved_is_not_kept(served, folder):
    (folder / "truth.jsonl").mkdir()
    address = f"/api/clips/{served.ids[0]}/truth"
    answer = served.http.put(address, json={"label": "moonrise"})
    assert answer.status_code == 400
    assert "truth.jsonl can't be written next to the clips (Is a dir" in answer.json()["error"]
    assert str(folder) not in answer.text
    [row] = served.http.get("/api/clips", params={"clip": served.ids[0]}).json()["clips"]
    assert row["truth"] is None
    (folder / "truth.jsonl").rmdir()
    assert served.http.put(address, json={"label": "moonrise"}).status_code == 200
    [question] = read_data(Source(folder / "truth.jsonl")).questions
    assert question.target == "moonrise"


def test_a_clip_without_a_result_is_not_judged(served):
    new = {"label": "sunrise"}
    answer = served.http.put("/api/clips/gym-clean-and-press/truth", json=new)
    assert answer.status_code == 400
    assert "no result to judge yet; align it first." in answer.json()["error"]


def test_times_backwards_beyond_the_clip_and_of_no_length_are_refused(served):
    for times, said in (
        ((0.5, 0.2), "before it begins"),
        ((0.2, 0.2), "begins and ends at 0.2 s; give it a length"),
        ((0.5, 99), "ends at 99 s, but clip0.mp4 lasts 1 s"),
    ):
        interval = {"start": times[0], "end": times[1], "step": 0}
        put = {"label": "sunrise", "intervals": [interval]}
        answer = served.http.put(f"/api/clips/{served.ids[0]}/truth", json=put)
        assert answer.status_code == 400
        assert said in answer.json()["error"]
    # What a result says can be said again, its last moment too.
    [row, *_] = table(served)["clips"]
    found = served.http.get(f"/api/results/{row['result']}").json()["candidates"][0]
    times = [
        {"start": one["start_seconds"], "end": one["end_seconds"], "step": n}
        for n, one in enumerate(found["segments"])
    ]
    put = {"label": found["label"], "intervals": times}
    answer = served.http.put(f"/api/clips/{served.ids[0]}/truth", json=put)
    assert answer.status_code == 200, answer.text


def test_a_file_name_that_is_no_text_is_shown_escaped_and_found_again(tmp_path, serve):
    write_video(tmp_path / "clip.mp4", 12)
    odd = tmp_path / os.fsdecode(b"bad\xff.mp4")
    (tmp_path / "clip.mp4").rename(odd)
    for said in ("", "sunrise"):  # the second server reads what the first has saved
        api = serve(clips=tmp_path)
        api.ids = api.http.get("/api/info").json()["folder_clips"]
        [row] = table(api)["clips"]
        assert row["name"] == r"bad\xff.mp4"
        assert (row["truth"] or {"label": ""})["label"] == said
        result = api.align(api.ids[0])["result"]
        assert result is not None
        put = api.http.put(f"/api/clips/{api.ids[0]}/truth", json={"label": "sunrise"})
        assert put.status_code == 200, put.text
        for path in ("table.csv", "predictions.jsonl", f"results/{result}"):
            answer = api.http.get(f"/api/{path}", params={"clip": api.ids})
            assert answer.status_code == 200
            assert "xff.mp4" in answer.text
        truth = api.http.get("/api/truth.jsonl", params={"clip": api.ids})
        assert truth.status_code == 200
        assert api.http.get(f"/api/clips/{api.ids[0]}/video").status_code == 200
        assert api.http.get(f"/api/clips/{api.ids[0]}/frame?t=0").status_code == 200
        api.stop()
    [question] = read_data(Source(tmp_path, truth=tmp_path / "truth.jsonl")).questions
    assert question.video == odd
    assert question.target == "sunrise"


def test_a_folder_of_more_than_a_thousand_clips_is_served(tmp_path, serve):
    write_video(tmp_path / "clip0.mp4", 12)
    for n in range(1, 1201):
        (tmp_path / f"clip{n}.mp4").hardlink_to(tmp_path / "clip0.mp4")
    api = serve(clips=tmp_path)
    ids = api.http.get("/api/info").json()["folder_clips"]
    assert api.align(ids[-1])["state"] == "done"
    shown = api.http.get("/api/clips", params={"clip": ids})
    assert len(shown.json()["clips"]) == 1201, shown.text[:200]
    for path in ("table.csv", "predictions.jsonl", "truth.jsonl"):
        assert api.http.get(f"/api/{path}", params={"clip": ids}).status_code == 200
    found = api.http.post("/api/search", json={"phrase": "red", "clips": ids})
    assert found.json()["clips"] == 1, found.text[:200]


@pytest.mark.slow
def test_frames_do_not_wait_for_a_preview(serve, video, tmp_path):
    api = serve()
    write_video(tmp_path / "long.mp4", 1500)
    long = api.upload((tmp_path / "long.mp4").read_bytes(), "long.mp4").json()["clip"]
    short = api.upload(video, "short.mp4").json()["clip"]
    folder = api.explorer.new_upload().parent
    with ThreadPoolExecutor(1) as pool:
        preview = pool.submit(api.http.get, f"/api/clips/{long}/preview")
        wait_for(lambda: len(list(folder.iterdir())) > 2)
        frame = api.http.get(f"/api/clips/{short}/frame?t=0")
        assert frame.status_code == 200
        assert not list(folder.glob("[!.]*.preview.mp4"))  # it is still being written
        assert preview.result().status_code == 200


def test_a_downloaded_truth_file_names_the_uploads(serve, video, tmp_path):
    api = serve()
    clip = api.upload(video, "a.mp4").json()["clip"]
    api.align(clip)
    api.http.put(f"/api/clips/{clip}/truth", json={"label": "moonrise"})
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_bytes(video)
    text = api.http.get("/api/truth.jsonl", params={"clip": clip}).text
    (tmp_path / "truth.jsonl").write_text(text)
    source = Source(tmp_path / "clips", truth=tmp_path / "truth.jsonl")
    [question] = read_data(source).questions
    assert question.target == "moonrise"
    assert question.video == tmp_path / "clips" / "a.mp4"


def test_lists_are_read_and_shipped(serve):
    api = serve()
    text = 'domain: gym\nscripts:\n  "push up":\n    - arms straight\n'
    found = api.http.post("/api/scripts", json={"text": text, "name": "mine.yaml"}).json()
    assert found == {
        "domain": "gym",
        "candidates": [
            {"label": "push up", "steps": ["arms straight"], "rewordings": [], "domain": None}
        ],
    }
    refused = api.http.post("/api/scripts", json={"text": "scripts: [", "name": "mine.yaml"})
    assert refused.status_code == 400
    assert "mine.yaml" in refused.json()["error"]
    assert "takes a pasted list" in refused.json()["error"]
    domains = {one["domain"]: one["candidates"] for one in api.http.get("/api/shipped").json()}
    assert "push up" in {one["label"] for one in domains["gym"]}


@pytest.fixture
def measured(classifier):
    """The model with a background and a temperature, by which there are confidences."""
    sums = BackgroundSums(classifier.encoder.info.model_id, classifier.encoder.info.fingerprint, 3)
    sums.add(np.random.default_rng(0).normal(0.3, 1, size=(200, 3)))
    known = replace(sums.background("noise"), temperatures={"competitive": 1.0})
    return ActAlign(classifier.encoder, fps=10, background=known)


def test_a_least_confidence_is_offered_by_a_temperature_of_its_own(classifier, serve, video):
    api = serve(ActAlign(classifier.encoder, fps=10, temperature=0.1))
    offered = {"none": False, "min_confidence": True}
    assert api.http.get("/api/info").json()["offers"] == offered
    clip = api.upload(video, "a.mp4").json()["clip"]
    api.align(clip)
    asked = {"clip": clip, "candidates": CANDIDATES, "min_confidence": 0.5}
    assert api.http.post("/api/score", json=asked).status_code == 200


def test_none_of_these_and_a_least_confidence(measured, serve, video):
    plain = serve()
    assert plain.http.get("/api/info").json()["offers"] == {"none": False, "min_confidence": False}
    clip = plain.upload(video, "a.mp4").json()["clip"]
    plain.align(clip)
    for field, value in (("none", "neither"), ("min_confidence", 0.5)):
        asked = {"clip": clip, "candidates": CANDIDATES, field: value}
        answer = plain.http.post("/api/score", json=asked)
        assert answer.status_code == 400
        assert "The scorer dtw can't tell" in answer.text or "gives no confid" in answer.text
    api = serve(measured)
    assert api.http.get("/api/info").json()["offers"] == {"none": True, "min_confidence": True}
    clip = api.upload(video, "a.mp4").json()["clip"]
    wrong = [{"label": "forest", "steps": ["green", "blue", "green"]}]
    api.align(clip, wrong)
    asked = {"clip": clip, "candidates": wrong, "none": "neither"}
    found = api.http.post("/api/score", json=asked).json()
    assert found["label"] == "neither"
    assert [one.get("none") for one in found["candidates"]] == [True, None]
    assert found["asked"]["none"] == "neither"
    assert found["asked"]["candidates"] == [{**wrong[0], "rewordings": [], "domain": None}]
    [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
    assert (row["label"], row["without_script"]) == ("neither", [])
    for name in ("captions.vtt", "steps.csv", "figure.png"):
        assert api.http.get(f"/api/results/{found['result']}/{name}").status_code == 200
    # That it is right is counted; a question file has only questions with a right candidate.
    row = api.http.put(f"/api/clips/{clip}/truth", json={"label": "neither"}).json()
    assert row["truth"]["label"] == "neither"
    told = api.http.get("/api/clips", params={"clip": clip}).json()["accuracy"]
    assert (told["hits"], told["total"]) == (1, 1)
    assert "neither" not in api.http.get("/api/truth.jsonl", params={"clip": clip}).text
    asked = {"clip": clip, "candidates": CANDIDATES, "none": "neither", "min_confidence": 1}
    refused = api.http.post("/api/score", json=asked).json()
    assert (refused["label"], refused["min_confidence"]) == (None, 1)
    [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
    assert (row["label"], row["likeliest"]) == (None, refused["candidates"][0]["label"])
    assert row["confidence"] < row["min_confidence"] == 1
    api.http.put(f"/api/clips/{clip}/truth", json={"label": "sunset"})
    text = api.http.get("/api/truth.jsonl", params={"clip": clip}).text
    assert json.loads(text.splitlines()[1])["choices"] == ["sunrise", "sunset"]
    for field, value in (("none", "sunset"), ("none", " "), ("min_confidence", 1.5)):
        answer = api.http.post("/api/score", json=asked | {field: value})
        assert answer.status_code in (400, 422)
        assert field.replace("_", "-") in answer.text or field in answer.text


def test_all_wordings_of_a_list_are_asked_and_kept(serve, video):
    api = serve()
    words = [["black", "red", "yellow"], ["dark", "yellow"]]
    text = json.dumps({"scripts": {"sunrise": words, "sunset": CANDIDATES[1]["steps"]}})
    read = api.http.post("/api/scripts", json={"text": text}).json()["candidates"]
    assert read[0] == {
        "label": "sunrise", "steps": words[0], "rewordings": words[1:], "domain": None,
    }  # fmt: skip
    clip = api.upload(video, "a.mp4").json()["clip"]
    keys = set()
    for candidates in (CANDIDATES, read, [*reversed(read)]):
        job = api.align(clip, candidates)
        found = api.http.get(f"/api/results/{job['result']}").json()
        [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
        keys.add(row["candidates_key"])
    assert len(keys) == 2  # other wordings are another question, another order is none
    assert found["asked"]["candidates"] == [*reversed(read)]
    # So is another domain, which texts may name.
    asked = {"clip": clip, "candidates": read, "domain": "sky"}
    assert api.http.post("/api/score", json=asked).json()["asked"]["domain"] == "sky"
    [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
    assert row["candidates_key"] not in keys
    # Both count: the score is their mean.
    each = []
    for steps in words:
        asked = [{"label": "sunrise", "steps": steps}, CANDIDATES[1]]
        ranked = api.http.post("/api/score", json={"clip": clip, "candidates": asked}).json()
        each += [c["score"] for c in ranked["candidates"] if c["label"] == "sunrise"]
    [both] = [c["score"] for c in found["candidates"] if c["label"] == "sunrise"]
    assert both == pytest.approx(sum(each) / 2)
    api.align(clip, read)
    api.http.put(f"/api/clips/{clip}/truth", json={"label": "sunset"})
    text = api.http.get("/api/truth.jsonl", params={"clip": clip}).text
    line = json.loads(text.splitlines()[1])
    kept = [line["scripts"][0], *line["rewordings"][0]]
    assert sorted(kept) == sorted(words)


def test_every_candidate_has_the_domain_that_its_list_names(serve, classifier, video, tmp_path):
    """The texts of this encoder name it, so that the scores are those of `classify` only then."""
    blocks = [
        {"domain": "red", "scripts": {"sunrise": CANDIDATES[0]["steps"]}},
        {"domain": "blue", "scripts": {"sunset": CANDIDATES[1]["steps"]}},
        {"scripts": {"noon": ["white", "yellow"]}},
    ]
    (tmp_path / "list.json").write_text(json.dumps(blocks))
    (tmp_path / "a.mp4").write_bytes(video)

    def predicted(scripts, **options):
        found = classifier.predict(tmp_path / "a.mp4", scripts=scripts, **options)
        return {one.label: one.score for one in found.candidates}

    api = serve()
    text = (tmp_path / "list.json").read_text()
    read = api.http.post("/api/scripts", json={"text": text}).json()
    assert read["domain"] is None
    listed = read["candidates"]
    assert [one["domain"] for one in listed] == ["red", "blue", None]
    clip = api.upload(video, "a.mp4").json()["clip"]
    api.align(clip, listed)

    def scored(candidates, domain=None):
        asked = {"clip": clip, "candidates": candidates, "domain": domain}
        found = api.http.post("/api/score", json=asked).json()
        assert found["asked"]["candidates"] == candidates
        [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
        keys.add(row["candidates_key"])
        return {one["label"]: one["score"] for one in found["candidates"]}

    keys = set()
    scripts = load_scripts(tmp_path / "list.json")
    assert scored(listed) == pytest.approx(predicted(scripts))
    bare = [one | {"domain": None} for one in listed]
    assert scored(bare) != pytest.approx(predicted(scripts))
    # The request's domain is that of candidates without one, also where they have no steps.
    bare = [*listed[:2], listed[2] | {"steps": []}]
    expected = predicted([*scripts[:2], Script("noon", ("noon",), "green")])
    assert scored(bare, "green") == pytest.approx(expected)
    assert len(keys) == 3
    api.http.put(f"/api/clips/{clip}/truth", json={"label": "sunset"})
    (tmp_path / "truth.jsonl").write_text(
        api.http.get("/api/truth.jsonl", params={"clip": clip}).text
    )
    [question] = read_data(Source(tmp_path, truth=tmp_path / "truth.jsonl")).questions
    assert dict(zip(question.choices, question.domains, strict=True)) == {
        "noon": "green", "sunrise": "red", "sunset": "blue",
    }  # fmt: skip
    # Steps that ship with the package have the domain of their list, too.
    found = api.http.post("/api/steps", json={"labels": ["push up", "red"]}).json()
    assert found["domains"] == {"push up": "gym"}


def test_repetitions_are_looked_for_as_a_request_says(serve, tmp_path):
    """Two whole repetitions; before and after them a part of one."""
    steps = ["red", "green", "blue"]
    cut = write_colours(tmp_path / "cut.mp4", ["blue", *steps * 2, "red", "green"], each=6)
    api = serve()
    clip = api.upload(cut.read_bytes(), "cut.mp4").json()["clip"]
    asked = {"clip": clip, "candidates": [{"label": "forwards", "steps": steps}]}
    api.align(clip, asked["candidates"])
    times, keys = {}, set()
    for repeats in (None, "no", "auto", "partial"):
        found = api.http.post("/api/score", json=asked | {"repeats": repeats}).json()
        assert found["asked"]["repeats"] == repeats
        there = found["candidates"][0].get("repetitions", [])
        times[repeats] = [one.get("partial_steps", "whole") for one in there]
        [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
        keys.add(row["candidates_key"])
    # The model's own is not to look for them.
    assert times[None] == times["no"] == []
    assert set(times["auto"]) == {"whole"}
    assert times["partial"] == [[3], "whole", "whole", [1, 2]]
    assert len(keys) == 4
    captions = api.http.get(f"/api/results/{found['result']}/captions.vtt").text
    assert captions.count("(partial)") == 3
    assert api.http.get("/api/info").json()["repeats"] == "no"


def test_the_best_hundred_moments_of_many_clips_are_found(serve, tmp_path):
    for n in range(40):
        shown = ["black", "red", "blue", "red", "green", "red"] if n % 4 else ["blue", "green"]
        write_colours(tmp_path / f"{n}.mp4", shown, each=2)
    api = serve(clips=tmp_path)
    ids = api.explorer.folder_clips
    for clip in ids:
        assert api.align(clip)["state"] == "done"
    found = api.http.post("/api/search", json={"phrase": "red", "clips": ids}).json()
    assert (found["clips"], found["per_clip"], found["most"]) == (40, 3, 100)
    scores = [one["score"] for one in found["moments"]]
    assert len(scores) == 100
    assert scores == sorted(scores, reverse=True)
    # 90 show it; of the other clips only the likeliest moments are left.
    assert scores[89] > scores[90] + 0.5
    few = api.http.post("/api/search", json={"phrase": "red", "clips": ids[:5]}).json()
    assert (few["clips"], few["per_clip"]) == (5, 6)


def test_a_number_of_repetitions_is_taken_as_the_command_takes_it(serve, tmp_path):
    steps = ["red", "green", "blue"]
    three = write_colours(tmp_path / "three.mp4", steps * 3, each=6)
    api = serve()
    clip = api.upload(three.read_bytes(), "three.mp4").json()["clip"]
    asked = {"clip": clip, "candidates": [{"label": "forwards", "steps": steps}]}
    job = api.http.post("/api/jobs", json=asked | {"repeats": 3}).json()
    found = api.http.get(f"/api/results/{api.finished(job)['result']}").json()
    assert [found["asked"]["repeats"], len(found["candidates"][0]["repetitions"])] == [3, 3]
    for number in (2, "2"):
        found = api.http.post("/api/score", json=asked | {"repeats": number}).json()
        assert [found["asked"]["repeats"], len(found["candidates"][0]["repetitions"])] == [2, 2]
        [row] = api.http.get("/api/clips", params={"clip": clip}).json()["clips"]
        assert row["repetitions"] == 2
    many = api.http.post("/api/score", json=asked | {"repeats": 40})
    assert many.status_code == 400
    said = many.json()["error"]
    assert said.startswith("40 repetitions of 3 steps don't fit into the 5.4 s")
    # In words of the command and of the page alike.
    assert said.endswith("give a smaller number, or have them counted.")
    for wrong in ("often", 0, -2, 2.5, True, "", [3]):
        answer = api.http.post("/api/score", json=asked | {"repeats": wrong})
        assert answer.status_code == 422
        said = "The field repeats is wrong: give no, auto, partial, or a number above 0."
        assert answer.json() == {"error": said}


def test_a_body_that_is_not_json_is_refused_in_words(serve):
    api = serve()
    cut = api.http.post(
        "/api/score", content='{"labels": [', headers={"content-type": "application/json"}
    )
    assert (cut.status_code, cut.json()["error"]) == (422, "The request's body is not JSON.")


def test_a_phrase_is_searched_in_all_encoded_clips(served):
    asked = {"phrase": "red", "clips": served.ids}
    found = served.http.post("/api/search", json=asked).json()
    assert found["clips"] == 3
    assert {one["name"] for one in found["moments"]} == {"clip0.mp4", "clip1.mp4", "clip2.mp4"}
    scores = [one["score"] for one in found["moments"]]
    assert scores == sorted(scores, reverse=True)
    names = dict(zip(served.ids, ("clip0.mp4", "clip1.mp4", "clip2.mp4"), strict=True))
    assert all(one["name"] == names[one["clip"]] for one in found["moments"])
    none = served.http.post("/api/search", json={"phrase": "red", "clips": ["dance"]})
    assert "No clip is encoded yet; align one first." in none.json()["error"]


def test_a_preview_has_the_colours_of_its_video(serve, tmp_path):
    api = serve()
    write_plain(tmp_path / "a.mp4", (120, 90, 160), (1, 1, 1, 2))
    clip = api.upload((tmp_path / "a.mp4").read_bytes(), "a.mp4").json()
    answer = api.http.get(f"/api/clips/{clip['clip']}/preview")
    (tmp_path / "preview.mp4").write_bytes(answer.content)
    assert colours_of(tmp_path / "preview.mp4") == (1, 1, 1, 2)


def test_a_preview_is_h264_with_the_same_times(serve, video, tmp_path):
    api = serve()
    clip = api.upload(video, "a.mp4").json()
    answer = api.http.get(f"/api/clips/{clip['clip']}/preview")
    assert answer.status_code == 200, answer.text
    (tmp_path / "preview.mp4").write_bytes(answer.content)
    with av.open(str(tmp_path / "preview.mp4")) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        times = [float(frame.time) for frame in file.decode(video=0)]
    assert times[0] == pytest.approx(0, abs=0.05)
    assert times[-1] == pytest.approx(clip["seconds"], abs=0.2)


def test_a_clip_that_failed_is_in_the_tables_with_its_error(folder, serve):
    (folder / "empty.mp4").write_bytes(b"")
    api = serve(clips=folder)
    ids = api.http.get("/api/info").json()["folder_clips"]
    for clip in (ids[0], ids[-1]):
        api.align(clip)
    asked = {"params": {"clip": ids}}
    text = api.http.get("/api/table.csv", **asked).content.decode("utf-8-sig")
    lines = [(one["clip"], one["status"]) for one in csv.DictReader(text.splitlines())]
    assert lines == [("clip0.mp4", "ok"), ("empty.mp4", "error")]
    rows = api.http.get("/api/predictions.jsonl", **asked).text.splitlines()
    assert json.loads(rows[1])["error"] == "empty.mp4 is empty; copy or record it again."


def test_a_file_in_the_place_of_the_served_folder_is_called_so(folder, classifier):
    with pytest.raises(UsageError, match=r"clip0\.mp4 is a file; give the folder that it is in"):
        Explorer(classifier, clips=folder / "clip0.mp4")
