"""Several people in one clip on the page: a result a person, boxes over the video, corrections."""

import io
import json
import re
import threading

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from actalign import VideoError
from actalign.video._worker import DecodeProcess
from actalign.web._people import embedded
from actalign.web._state import Clip
from tests.command import actalign
from tests.people_scenes import CHOICES, QUESTION

pytestmark = pytest.mark.usefixtures("sockets_of_others")


def rows(api, *clips):
    found = api.http.get("/api/clips", params={"clip": clips}).json()["clips"]
    return {one["name"]: one for one in found}


def picture(api, clip, seconds):
    answer = api.http.get(f"/api/clips/{clip}/frame", params={"t": seconds})
    return np.asarray(Image.open(io.BytesIO(answer.content)), np.float64)


def test_a_clip_of_two_people_gives_a_result_each(people_served):
    api = people_served()
    whole = api.ids["pair.mp4"]
    job = api.align(whole, QUESTION)
    assert job["state"] == "done"
    assert job["result"] == job["results"][0]
    found = rows(api, whole, api.ids["empty.mp4"])
    assert list(found) == ["pair.mp4-person1", "pair.mp4-person2", "empty.mp4"]
    assert [found[f"pair.mp4-person{n}"]["result"] for n in (1, 2)] == job["results"]
    results = [api.http.get(f"/api/results/{one}").json() for one in job["results"]]
    assert [one["person"] for one in results] == [1, 2]
    assert {one["whole"] for one in results} == {whole}
    assert results[0]["people"] == results[1]["people"]
    assert re.search(r"2 people in \d.* of 8 frames", results[0]["people_seen"])
    assert [one["clip"] for one in results[0]["people"]] == [one["clip"] for one in results]
    by_side = sorted(results, key=lambda one: one["boxes"][0]["left"])
    assert all(box["right"] <= 0.5 for box in by_side[0]["boxes"])
    assert all(box["left"] >= 0.5 for box in by_side[1]["boxes"])
    # A picture of one of them shows it alone: the left one has a purple floor.
    shown = [picture(api, one["clip"], 0.4).mean(axis=(0, 1)) for one in by_side]
    half = picture(api, whole, 0.4)
    sides = [part.mean(axis=(0, 1)) for part in np.array_split(half, 2, axis=1)]
    for n in (0, 1):
        assert np.abs(shown[n] - sides[n]).sum() < np.abs(shown[n] - sides[1 - n]).sum()
    # Each is scored, judged and located by itself, and the whole by nobody.
    one = results[1]["clip"]
    again = api.http.post("/api/score", json={"clip": one, "candidates": QUESTION[:1]}).json()
    assert (again["label"], again["person"]) == (CHOICES[0], 2)
    for path in ("score", "locate"):
        refused = api.http.post(f"/api/{path}", json={"clip": whole, "candidates": QUESTION})
        assert refused.status_code == 400
        assert "shows 2 people, each of whom has separate results" in refused.json()["error"]
    refused = api.http.put(f"/api/clips/{whole}/truth", json={"label": CHOICES[0]})
    assert "shows 2 people" in refused.json()["error"]
    assert len(api.align(whole, QUESTION)["results"]) == 2
    nobody = api.align(api.ids["empty.mp4"], QUESTION)
    assert len(nobody["results"]) == 1
    assert rows(api, api.ids["empty.mp4"])["empty.mp4"]["warnings"]


def test_a_clip_that_cannot_be_read_leaves_no_thread_at_work(people_classifier, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    clip = Clip("id", "broken.mp4", tmp_path / "broken.mp4", 1.0, uploaded=False)
    before = set(threading.enumerate())
    with DecodeProcess() as decoder, pytest.raises(VideoError) as kept:
        embedded(people_classifier, clip, on_frames=lambda *_: None, decoder=decoder)
    left = {one.name for one in set(threading.enumerate()) - before if one.is_alive()}
    assert "is not a video" in str(kept.value)
    assert not any("ThreadPool" in name for name in left), left  # while the error is there


def test_what_is_said_of_a_person_is_a_question_with_its_box(
    people_served, people_folder, tmp_path
):
    api = people_served()
    job = api.align(api.ids["pair.mp4"], QUESTION)
    clips = [api.http.get(f"/api/results/{one}").json()["clip"] for one in job["results"]]
    for clip, label in zip(clips, CHOICES, strict=True):
        said = api.http.put(f"/api/clips/{clip}/truth", json={"label": label})
        assert said.status_code == 200, said.text
    lines = [
        json.loads(line) for line in (people_folder / "truth.jsonl").read_text().splitlines()[1:]
    ]
    assert [one["id"] for one in lines] == ["pair.mp4-person1", "pair.mp4-person2"]
    assert [one["video"] for one in lines] == ["pair.mp4"] * 2
    assert all(one["box"]["left"] < one["box"]["right"] for one in lines)
    # The next server knows it again as soon as the people are found, and keeps it until then.
    later = people_served()
    later.align(later.ids["empty.mp4"], QUESTION)
    later.http.put(f"/api/clips/{later.ids['empty.mp4']}/truth", json={"label": CHOICES[0]})
    assert len((people_folder / "truth.jsonl").read_text().splitlines()) == 4
    later.align(later.ids["pair.mp4"], QUESTION)
    known = rows(later, later.ids["pair.mp4"])
    assert [known[f"pair.mp4-person{n}"]["truth"]["label"] for n in (1, 2)] == CHOICES
    asked = ("eval", "clips", people_folder / "truth.jsonl", "--model", "body", "--person", "all")
    ended = actalign(*asked, "--scorer", "dtw", "--out", tmp_path / "run")
    assert ended.returncode == 0, ended.stderr
    scored = [json.loads(x) for x in (tmp_path / "run/predictions.jsonl").read_text().splitlines()]
    assert [one.get("person") for one in scored] == [0, 1, 2]
    examples = ("--model", "body", "--examples", people_folder / "truth.jsonl")
    refused = actalign(
        "classify", people_folder / "pair.mp4", "--labels", ",".join(CHOICES), *examples
    )
    assert refused.returncode == 2
    assert "is one of several people" in refused.stderr
