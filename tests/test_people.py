"""Everyone in a clip: numbers that stay, a row a person, and people's boxes for image encoders."""

import json
import re
import shutil
import time
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from actalign import ActAlign, Script
from actalign.clips import Sampling, Store, embed_video
from actalign.clips._live import live_windows
from actalign.demo import demo_clips
from actalign.encoders import load_encoder
from actalign.encoders._crop import crop
from actalign.encoders.body._look import Looks, Person
from actalign.encoders.body._pose import PoseEstimator
from actalign.encoders.body._tracks import Tracks
from actalign.errors import EncoderError, UsageError
from actalign.evaluation._embed import Clip, Embedder, clip_keys
from actalign.output._cuts import pieces
from actalign.rows import read_rows
from actalign.rows._files import RowFile
from actalign.rows._people import people_fields, people_seen
from actalign.rows._warnings import tag
from actalign.types import FrameBatch
from actalign.video import sample_frames
from actalign.video._stream import LiveFrame
from tests.colour_clips import write_colours
from tests.command import actalign
from tests.people_scenes import CHOICES, FPS, SIDE, STEPS, scene, write


def centres(frames):
    """For each person who is kept, where its box's middle is in each frame, None if not seen."""
    tracks = Tracks("all")
    tracks.add(FrameBatch(frames, np.arange(len(frames)) / FPS))
    return [
        [float(seen[n].centre[0]) if n in seen else None for seen in tracks.people]
        for n in tracks.numbers()
    ]


def by_place(found):
    """Those people, from left to right where each is first seen."""
    return sorted(found, key=lambda xs: next(x for x in xs if x is not None))


# --- numbers that stay ---


def smaller(frames, share):
    """The frames at a share of their size, on the ground at the left."""
    side = round(SIDE * share)
    made = np.full((len(frames), SIDE, SIDE, 3), 110, np.uint8)
    for canvas, frame in zip(made, frames, strict=True):
        canvas[SIDE - side :, :side] = np.asarray(Image.fromarray(frame).resize((side, side)))
    return list(made)


@pytest.mark.parametrize("person", ["left", "right", "2"])
def test_who_is_missed_beside_a_larger_person_can_be_chosen(two, person):
    frames = scene(3 * SIDE, 6, (smaller(two[0], 0.7), lambda t: 0), (two[1], lambda t: 2 * SIDE))
    assert len(Looks().look(frames[0])) == 1  # the larger one alone
    estimator = PoseEstimator(person=person)
    found = [estimator.follow(frame, t / FPS) for t, frame in enumerate(frames)]
    assert all(one is not None and (one.centre[0] < SIDE) == (person != "right") for one in found)
    assert not estimator.warnings()


def test_a_clip_of_single_pictures_is_of_the_person_who_was_chosen(two, tmp_path):
    frames = scene(3 * SIDE, 2, (smaller(two[0], 0.7), lambda t: 0), (two[1], lambda t: 2 * SIDE))
    for n, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"{n}.png")
    alone = [scene(3 * SIDE, 1, (people, lambda t: 0)) for people in (smaller(two[0], 0.7), two[1])]
    small, large = load_encoder("body").encode_image(np.concatenate(alone))
    for person in ("left", "right", "2"):
        encoder = load_encoder(f"body:{person}")
        clip = embed_video(encoder, tmp_path, clip_id="a", sampling=Sampling())
        for row in (clip.embeddings[0], encoder.encode_image(frames[:1])[0]):
            nearest = max((small, large), key=lambda one, row=row: float(row @ one))
            assert nearest is (large if person == "right" else small), person


def test_it_is_said_where_somebody_else_is_farther_left_later(two):
    frames = scene(
        2 * SIDE, 160, (two[0], lambda t: SIDE), (two[1], lambda t: min(0, 8 * t - 2 * SIDE))
    )
    estimator = PoseEstimator(person="left")
    for t, frame in enumerate(frames):
        estimator.follow(frame, t / FPS)
    (warning,) = estimator.warnings()
    assert re.match(
        "The person who was farthest left at first sight is followed; in [1-3] of",
        warning,
    )


def test_who_passes_before_another_keeps_its_number(two):
    frames = scene(
        3 * SIDE, 22, (two[1], lambda t: SIDE), (two[0], lambda t: min(t * 28, 2 * SIDE))
    )
    passing, hidden = by_place(centres(frames))
    assert passing[0] < SIDE
    assert passing[-1] > 2 * SIDE
    assert None in hidden[5:12]
    assert all(x is None or SIDE < x < 2 * SIDE for x in hidden)
    assert hidden[0] is not None
    assert hidden[-1] is not None


def test_who_leaves_and_comes_back_keeps_its_number(two):
    def out_and_back(t):
        return SIDE + max(0, min(40 * (t - 4), 40 * (20 - t), 2 * SIDE))

    frames = scene(2 * SIDE, 24, (two[0], lambda t: 0), (two[1], out_and_back))
    stays, leaves = by_place(centres(frames))  # two, and no third who comes back
    assert None not in stays
    assert max(stays) < SIDE
    assert leaves[0] > SIDE
    assert leaves[-1] > SIDE
    assert None in leaves


def test_nobody_is_seen_in_a_grey_picture():
    assert centres(scene(SIDE, 3)) == []


# --- a row a person ---

SCRIPTS = """scripts:
  clean and press:
  - bending forward with straight arms, hands at the knees
  - standing with the hands at the shoulders
  - both arms extended to the ceiling
  shooting:
  - knees bent, both hands in front of the chest
  - jumping with both arms raised
"""


@pytest.fixture(scope="module")
def folder(two, tmp_path_factory):
    """A folder with a clip of two people, of whom the second comes later, and one of nobody."""
    made = tmp_path_factory.mktemp("people")
    late = scene(2 * SIDE, 16, (two[0], lambda t: 0), (two[1], lambda t: SIDE if t > 4 else 999))
    (made / "clips").mkdir()
    write(made / "clips" / "pair.mp4", late)
    write(made / "clips" / "empty.mp4", scene(SIDE, 6))
    (made / "scripts.yaml").write_text(SCRIPTS, encoding="utf-8")
    return made


def run(*arguments, code=0):
    ended = actalign(*arguments)
    assert ended.returncode == code, ended.stderr
    return ended.stderr


def classified(folder, *options):
    out = folder / "rows.jsonl"
    run(
        *("classify", folder / "clips", "--scripts", folder / "scripts.yaml", "--out", out),
        *("--model", "body", "--person", "all", "--store", folder / "store", *options),
    )
    return {row["clip"]: row for row in map(json.loads, out.read_text().splitlines())}


def test_everyone_has_a_row_with_its_time_and_place(folder):
    rows = classified(folder)
    assert sorted(rows) == ["empty-person0", "pair-person1", "pair-person2"]
    first, second = rows["pair-person1"], rows["pair-person2"]
    assert (first["person"], first["people"], second["person"]) == (1, 2, 2)
    assert first["label"] == "clean and press"
    assert first["start_seconds"] == 0
    assert second["start_seconds"] >= 1
    assert second["frames"] < first["frames"] == 16
    assert set(first["people_frames"]) == {"1", "2"}
    assert sum(first["people_frames"].values()) == 16
    assert all(0 <= box["left"] < box["right"] <= 0.5 for box in first["boxes"])
    assert all(0.5 <= box["left"] < box["right"] <= 1 for box in second["boxes"])
    assert second["boxes"][0]["seconds"] >= 1
    nobody = rows["empty-person0"]
    assert nobody["people"] == 0
    assert nobody["neutral_frames"] == nobody["frames"] == 6
    assert "nothing that the encoder knows" in nobody["warnings"][0]


def test_stored_people_are_not_looked_for_again_and_align_alike(folder):
    rows = classified(folder)
    entries = {path: path.stat().st_mtime_ns for path in (folder / "store").iterdir()}
    assert len(entries) == 3
    assert classified(folder) == rows
    assert {path: path.stat().st_mtime_ns for path in (folder / "store").iterdir()} == entries
    out = folder / "aligned.jsonl"
    run("align", folder / "store", "--scripts", folder / "scripts.yaml", "--out", out)
    aligned = {row["clip"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert {name: row["label"] for name, row in aligned.items()} == {
        name: row["label"] for name, row in rows.items()
    }
    assert aligned["pair-person2"]["boxes"] == rows["pair-person2"]["boxes"]
    # A lost entry is not mistaken for a clip with fewer people.
    next(path for path in entries if path.name.startswith("pair-person2")).unlink()
    assert classified(folder) == rows


def test_captions_say_whose_action_it_is(folder):
    classified(folder)
    run("export", folder / "rows.jsonl", "--to", "vtt", "--out", folder / "captions")
    captions = (folder / "captions" / "pair.vtt").read_text()
    assert "person 1, clean and press" in captions
    assert "person 2, " in captions
    assert "person" not in (folder / "captions" / "empty.vtt").read_text()
    names = [str(piece.name) for piece in pieces(RowFile(folder / "rows.jsonl"), "action")]
    assert any(name.startswith("pair_person1_clean-and-press_") for name in names)
    assert any(name.startswith("pair_person2_") for name in names)


def test_captions_of_what_is_found_say_whose_it_is_in_the_order_of_time(folder):
    out, store = folder / "found.vtt", folder / "store"
    run(
        *("locate", folder / "clips" / "pair.mp4", "--scripts", folder / "scripts.yaml"),
        *("--model", "body", "--person", "all", "--threshold", "0", "--out", out, "--store", store),
    )
    cues = [block.splitlines() for block in out.read_text().strip().split("\n\n")[1:]]
    assert {text.partition(", ")[0] for _, _, text in cues} == {"person 1", "person 2"}
    starts = [times.partition(" ")[0] for _, times, _ in cues]
    assert starts == sorted(starts)


def test_the_figure_frames_the_person(two, tmp_path):
    from actalign.output import alignment_figure

    frames = scene(2 * SIDE, 4, (two[0], lambda t: 0), (two[1], lambda t: SIDE))
    path = write(tmp_path / "pair.mp4", frames)
    classifier = ActAlign.from_pretrained("body:all")
    scripts = [Script("lift", ("standing",)), Script("jump", ("jumping",))]
    for found in classifier.predict_many([path], scripts=scripts):
        shown = FrameBatch(frames[::2], np.arange(0, 4, 2) / FPS)
        strip = alignment_figure(found, thumbnails=shown).axes[0]
        edges = [patch.get_x() + patch.get_width() / 2 for patch in strip.patches]
        middles = [(image.get_extent()[0] + image.get_extent()[1]) / 2 for image in strip.images]
        on_left = sum(float(box["right"]) for box in found.to_row()["boxes"]) < 1.2
        assert len(edges) == 2 * len(middles) == 4
        for edge, middle in zip(edges[::2], middles, strict=True):
            assert (edge < middle) == on_left


def test_a_window_of_a_person_holds_its_boxes_only(folder):
    rows = classified(folder, "--window", "1")
    part = rows["pair-person1@1.00-2.00"]
    assert [box["seconds"] for box in part["boxes"]] == [1.2, 1.8]


@pytest.mark.parametrize("options", [(), ("--crop", "person")])
def test_a_window_counts_the_people_of_its_own_frames(folder, colour_model, options):
    if options:
        options = ("--model", colour_model, "--fps", FPS, *options)
    whole = classified(folder, *options)["pair-person1"]
    rows = classified(folder, *options, "--window", "0.8")
    windows = [row for name, row in rows.items() if name.startswith("pair-person1@")]
    assert len(windows) == 4
    assert windows[0]["people_frames"] == {"1": 4}  # the second comes after the fifth frame
    assert windows[-1]["people_frames"] == {"2": 4}
    every = sum((Counter(row["people_frames"]) for row in windows), Counter())
    assert every == whole["people_frames"]
    late = [row for name, row in rows.items() if name.startswith("pair-person2@")]
    assert sum(sum(row["people_frames"].values()) for row in late) < 16
    assert all(set(row["people_frames"]) == {"2"} for row in late)
    for row in (whole, *windows):
        assert "people_seconds" not in row["provenance"]


def test_python_gives_each_person_a_prediction(folder):
    classifier = ActAlign.from_pretrained("body:all", store=folder / "store")
    scripts = [Script("lift", ("standing",)), Script("jump", ("jumping",))]
    paths = [folder / "clips" / name for name in ("pair.mp4", "empty.mp4", "pair.mp4")]
    found = [one.clip.clip_id for one in classifier.predict_many(paths, scripts=scripts)]
    pair = ["pair-person1", "pair-person2"]
    assert found == [*pair, "empty-person0", *pair]
    with pytest.raises(UsageError, match="rows for each person"):
        classifier.predict(paths[0], scripts=scripts)


@pytest.mark.parametrize("who", ["body", "body:right", "body:all"])
def test_frames_give_what_their_file_gives(folder, who):
    aligner = ActAlign.from_pretrained(who)
    path = folder / "clips" / "pair.mp4"
    decoded = list(sample_frames(path))
    frames = FrameBatch(
        np.concatenate([batch.frames for batch in decoded]),
        np.concatenate([batch.pts_seconds for batch in decoded]),
    )
    found = list(aligner.predict_many([path, frames], candidate_labels=["lifting", "throwing"]))
    assert len(found) == (4 if who == "body:all" else 2)
    half = len(found) // 2
    for of_file, of_frames in zip(found[:half], found[half:], strict=True):
        np.testing.assert_array_equal(of_file.clip.embeddings, of_frames.clip.embeddings)
        assert of_file.clip.warnings == of_frames.clip.warnings
        assert of_file.clip.clip_id.replace("pair", "frames-1") == of_frames.clip.clip_id
        said, same = dict(of_file.clip.provenance), dict(of_frames.clip.provenance)
        assert {"people_looks", "people_frames"} & same.keys()
        assert {name: said[name] for name in same} == same


def test_one_prediction_of_frames_is_of_one_person(folder, two):
    frames = FrameBatch(two[0][0][None], np.zeros(1))
    with pytest.raises(UsageError, match="or call predict_many"):
        ActAlign.from_pretrained("body:all").predict(frames, candidate_labels=["a", "b"])


# --- questions about one of several people ---


def ask(folder, path, **boxes):
    """Write a question file: a clip and a box, or none, by the question's id."""
    lines: list[object] = [{"format": "actalign-questions-1", "name": "people"}]
    for name, (clip, box) in boxes.items():
        video = str(folder / "clips" / clip)
        asked = {"id": name, "video": video, "choices": CHOICES, "answer": 0, "scripts": STEPS}
        asked |= {"start": 1.2, "end": 2.2} if clip == "pair.mp4" else {}
        lines.append(asked | ({"box": box} if box else {}))
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def evaluated(questions, out, *options, code=0):
    said = run(
        *("eval", "clips", questions, "--out", out, "--model", "body", "--scorer", "dtw"),
        *options,
        code=code,
    )
    rows = {}
    for name in ("predictions", "errors"):
        for line in (out / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            rows[row["clip"]] = row
    return said, rows


def test_a_question_s_box_says_whose_action_is_asked_for(folder, tmp_path):
    rows = classified(folder)
    left, right = (rows[f"pair-person{n}"]["boxes"] for n in (1, 2))
    away = {**left[3], "left": 0.45, "right": 0.5}
    questions = ask(
        folder,
        tmp_path / "asked.jsonl",
        lifter=("pair.mp4", left[3]),
        player=("pair.mp4", right[1]),
        nobody=("empty.mp4", None),
        unsaid=("pair.mp4", None),
        wrong=("pair.mp4", away),
    )
    _, found = evaluated(questions, tmp_path / "run", "--person", "all", code=1)
    assert {found["lifter"]["person"], found["player"]["person"]} == {1, 2}
    assert all(box["right"] <= 0.5 for box in found["lifter"]["boxes"])
    assert all(box["left"] >= 0.5 for box in found["player"]["boxes"])
    assert found["lifter"]["frames"] == 5
    assert found["nobody"]["neutral_frames"] == 6
    assert "shows 2 people, but no `box` says" in found["unsaid"]["error"]
    assert "None of the people" in found["wrong"]["error"]
    # The people of a clip are embedded once, however many questions are about them.
    entries = sorted((tmp_path / "run" / "embeddings").iterdir())
    assert [one.name.partition("-")[0] for one in entries] == ["empty", "pair", "pair"]

    def unreadable(path, *_):
        raise AssertionError(f"{path} is encoded again")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actalign.encoders.body._tracks.Tracks.add", unreadable)
        again = ("--person", "all", "--resume", "--scorer", "dtw,mean_pool")
        _, more = evaluated(questions, tmp_path / "run", *again, code=1)
        # Another run takes them from there, also for files of other names.
        for name in ("empty.mp4", "pair.mp4"):
            shutil.copy(folder / "clips" / name, folder / "clips" / f"same-{name}")
        renamed = tmp_path / "renamed.jsonl"
        renamed.write_text(
            questions.read_text()
            .replace("pair.mp4", "same-pair.mp4")
            .replace("empty", "same-empty")
        )
        taken = ("--person", "all", "--store", tmp_path / "run" / "embeddings")
        said, copied = evaluated(renamed, tmp_path / "taken", *taken, code=1)
        for name in ("empty.mp4", "pair.mp4"):
            (folder / "clips" / f"same-{name}").unlink()
    assert f"embeddings of 5 of 5 clips are from {tmp_path / 'run' / 'embeddings'}" in said
    assert copied["nobody"]["neutral_frames"] == 6
    assert more["player"]["boxes"] == found["player"]["boxes"] == copied["player"]["boxes"]
    assert "shows 2 people" in more["unsaid"]["error"]
    run("report", tmp_path / "run")
    report = (tmp_path / "run" / "report.md").read_text()
    reasons = "nobody in the box 1, several people and no box 1"
    assert f"2 questions without the person who is meant ({reasons})." in report
    assert "not encoded" not in report


def test_samples_held_as_frames_have_people_too(two, tmp_path):
    pair = scene(2 * SIDE, 3, (two[0], lambda t: 0), (two[1], lambda t: SIDE))
    video = FrameBatch(pair, np.arange(3) / FPS)
    store, sampling = Store(tmp_path), Sampling()
    encoder = load_encoder("body:all")

    def of(box):
        clip = Clip("sample", video, box=box)
        keys = clip_keys([clip], encoder.info.fingerprint, sampling)
        embedder = Embedder(store, sampling, lambda: encoder, everyone=True)
        (found,) = embedder.embed_clips([clip], keys)
        return found

    boxes = [people_fields(one.source)[0]["boxes"][0] for one in encoder.encode_people([video])]
    left, right = map(of, boxes)
    assert (left.cached, right.cached) == (False, True)
    assert [one.embedding().provenance["person"] for one in (left, right)] == ["1", "2"]
    assert "shows 2 people" in str(of(None).failure.error)


def test_an_evaluation_is_not_gone_on_with_for_another_person(folder, tmp_path, colour_model):
    questions = ask(folder, tmp_path / "asked.jsonl", lifter=("pair.mp4", None))
    evaluated(questions, tmp_path / "run", "--person", "left", "--fps", "2")
    again = ("eval", "clips", questions, "--out", tmp_path / "run", "--resume", "--fps", "2")
    for options, now in {
        ("body",): "body",
        ("body", "--person", "largest"): "body",
        ("body", "--person", "right"): "body:right",
        (str(colour_model), "--crop", "person", "--person", "left"): f"crop:left:{colour_model}",
    }.items():
        said = run(*again, "--model", *options, code=2)
        assert f"was run with model 'body:left', not '{now}'; choose another --out" in said
    run(*again, "--model", "body:left", "--scorer", "random")


def test_boxes_that_are_not_read_are_said(folder, tmp_path):
    box = {"seconds": 0, "left": 0, "top": 0, "right": 0.5, "bottom": 1}
    questions = ask(folder, tmp_path / "asked.jsonl", lifter=("empty.mp4", box))
    said, _ = evaluated(questions, tmp_path / "run")
    assert "1 of 1 questions have a box, which --person all uses and body does not" in said


def test_a_box_that_is_none_is_refused_with_its_line(folder, tmp_path):
    box = {"seconds": 0, "left": 0.6, "top": 0, "right": 0.5, "bottom": 1}
    questions = ask(folder, tmp_path / "asked.jsonl", lifter=("pair.mp4", box))
    said = run("eval", "clips", questions, "--out", tmp_path / "run", "--model", "body", code=2)
    assert "line 2" in said
    assert "left < right" in said


# --- one person, and who else was seen ---


def of_one(folder, *options):
    out = folder / "one.jsonl"
    said = run(
        *("classify", folder / "clips", "--scripts", folder / "scripts.yaml", "--out", out),
        *("--model", "body", *options),
    )
    return said, {row["clip"]: row for row in map(json.loads, out.read_text().splitlines())}


def test_a_row_of_one_person_says_how_many_were_seen_in_looks(folder):
    _, rows = of_one(folder)
    looks = rows["pair"]["people_looks"]
    assert looks["1"] >= 1  # the other one comes later
    assert sum(looks.values()) < rows["pair"]["frames"] == 16
    assert rows["empty"]["people_looks"] == {"0": 6}
    assert "people_frames" not in rows["pair"]


def test_others_are_looked_for_again_and_said(two, tmp_path, monkeypatch):
    monkeypatch.setattr("actalign.encoders.body._pose._LOOK_FRAMES", 3)
    (tmp_path / "clips").mkdir()
    (tmp_path / "scripts.yaml").write_text(SCRIPTS, encoding="utf-8")
    late = scene(
        2 * SIDE, 16, (two[0], lambda t: 0), (two[1][:4], lambda t: SIDE * (3 - min(t, 2)))
    )
    write(tmp_path / "clips" / "pair.mp4", late)
    said, rows = of_one(tmp_path, "--verbose", "--store", tmp_path / "store")
    row = rows["pair"]
    looks = row["people_looks"]
    assert set(looks) == {"1", "2"}
    assert sum(looks.values()) >= 5
    warning = f"Several people are seen in {looks['2']} of {sum(looks.values())} frames searched"
    assert warning in row["warnings"][0]
    assert warning in said
    again, stored = of_one(tmp_path, "--store", tmp_path / "store")
    assert stored == rows
    assert warning in again
    _, chosen = of_one(tmp_path, "--person", "left")
    assert chosen["pair"]["people_looks"]["2"] >= looks["2"] - 1
    assert not chosen["pair"].get("warnings")


def test_a_window_counts_the_looks_of_its_own_time_and_warns_of_these(two, tmp_path, monkeypatch):
    monkeypatch.setattr("actalign.encoders.body._pose._LOOK_FRAMES", 3)
    (tmp_path / "clips").mkdir()
    (tmp_path / "scripts.yaml").write_text(SCRIPTS, encoding="utf-8")
    late = (two[1][:4], lambda t: SIDE * (3 - min(t, 2)))
    pair = scene(2 * SIDE, 15, (two[0], lambda t: 0), late)
    alone = scene(2 * SIDE, 10, (two[1], lambda t: 0))
    write(tmp_path / "clips" / "pair.mp4", np.concatenate([pair, alone]))
    kept = ("--store", tmp_path / "store")
    _, whole = of_one(tmp_path, *kept)
    said, rows = of_one(tmp_path, *kept, "--window", "1")
    windows = list(rows.values())
    assert len(windows) == 5
    every = sum((Counter(row["people_looks"]) for row in windows), Counter())
    assert every == whole["pair"]["people_looks"]
    assert all("2" in row["people_looks"] for row in windows[:3])
    assert all(set(row["people_looks"]) == {"1"} for row in windows[3:])
    for row in windows[:3]:
        looks = row["people_looks"]
        counted = f"Several people are seen in {looks['2']} of {sum(looks.values())} frames"
        assert counted in row["warnings"][0]
        assert all("frames were looked at" in one for one in row["warnings"][1:])  # of its second
    for row in windows[3:]:
        assert all("frames were looked at" in one for one in row["warnings"])
    assert said.count("Several people") == 1  # of the file
    # Where no look falls into a window, the one before it counts.
    _, rows = of_one(tmp_path, *kept, "--window", "0.2")
    short = [row["people_looks"] for row in rows.values()]
    assert len(short) == 25
    assert all(sum(looks.values()) == 1 for looks in short)


def test_verbose_results_say_how_many_people_are_seen(folder):
    common = ("classify", folder / "clips" / "pair.mp4", "--scripts", folder / "scripts.yaml")
    one = actalign(*common, "--model", "body", "--verbose").stdout
    # One of the two beside each other; a look may find both.
    assert re.search(
        r"^people: (1 person|the person followed is seen in 16 of 16 frames; .*)$",
        one,
        re.MULTILINE,
    )
    everyone = actalign(*common, "--model", "body", "--person", "all", "--verbose").stdout
    assert everyone.count("people: 1 person in ") == 2
    assert everyone.count(" of 16 frames\n") == 2


def test_who_is_seen_is_said_of_all_frames_and_not_of_those_searched():
    """Most are searched where nobody is found, so that their shares would tell of an empty clip."""
    assert people_seen({"frames": 90, "people_looks": {"1": 49}}) == "1 person"
    lost = {"frames": 5400, "neutral_frames": 900, "people_looks": {"0": 897, "1": 290}}
    assert people_seen(lost) == "the person followed is seen in 4500 of 5400 frames"
    cropped = {"frames": 20, "neutral_frames": 0, "whole_frames": 5, "people_looks": {"1": 2}}
    assert people_seen(cropped) == "the person followed is seen in 15 of 20 frames"
    several = {"frames": 90, "neutral_frames": 1, "people_looks": {"0": 1, "1": 3, "2": 2}}
    seen = "the person followed is seen in 89 of 90 frames; 2 people in 2 of 6 frames searched"
    assert people_seen(several) == f"{seen} for people"
    empty = {"frames": 9, "neutral_frames": 9, "people_looks": {"0": 2}}
    assert people_seen(empty) == "nobody is seen"
    assert people_seen({"people_frames": {"1": 16}}) == "1 person in 16 of 16 frames"
    assert people_seen({"frames": 16}) == ""


@pytest.mark.parametrize(
    "command",
    [
        ["classify", "clips", "--labels", "a,b", "--num-shards", "2", "--shard", "0"],
        ["classify", "clips", "--labels", "a,b", "--engine", "ray"],
        ["live", "clips/pair.mp4", "--labels", "a,b"],
        ["sync", "clips/pair.mp4", "clips/empty.mp4"],
        ["eval", "tune", "clips", "--out", "tuned"],
        ["eval", "clips", "clips", "--out", "run", "--examples", "clips"],
        ["eval", "clips", "clips", "--out", "run", "--second-look", "some-model"],
    ],
)
@pytest.mark.parametrize("model", [["body", "--person", "all"], ["body:all"]])
def test_where_a_clip_is_one_sequence_everyone_is_refused(folder, command, model, monkeypatch):
    monkeypatch.chdir(folder)
    said = run(*command, "--model", *model, code=2)
    assert "--person all gives several results per clip" in said
    assert "give largest, left, right or 2" in said


@pytest.fixture(scope="module")
def six():
    """Two frames of one person six times, side by side: the detector is surest of those within."""
    *_, clip = demo_clips()
    frame = next(iter(sample_frames(clip.path, fps=2))).frames[1]
    (person,) = Looks().look(frame)
    margin = 0.25 * (person.high - person.low)[0]
    (x0, y0), (x1, y1) = (person.low - margin).astype(int), (person.high + margin).astype(int)
    one = frame[max(y0, 0) : y1, max(x0, 0) : x1]
    return FrameBatch(np.stack([np.hstack([one] * 6)] * 2), np.arange(2) / FPS)


def test_order_is_among_all_people_also_in_a_crowd(six):
    def place(person):
        tracks = Tracks(person)
        (seen,) = tracks.add(FrameBatch(six.frames[:1], np.zeros(1)))
        assert tracks.source(1)["people_looks"] == "6:1"
        return int(6 * seen[1].centre[0] / six.frames.shape[2])

    assert place("left") == 0
    assert place("right") == 5
    assert sorted(place(str(number)) for number in range(1, 7)) == list(range(6))


def test_a_crowd_is_counted_whoever_is_followed(six):
    (found,) = load_encoder("body").encode_people([six])
    assert found.source["people_looks"] == "6:1"
    assert "Several people are seen in 1 of 1 frames searched" in found.warnings[0]


@pytest.mark.parametrize(
    ("person", "clip", "found"),
    [("7", "six", "at most 6 people were"), ("5", "one", "at most 1 person was")],
)
def test_who_is_not_there_is_said(six, two, person, clip, found):
    batch = six if clip == "six" else FrameBatch(two[0][0][None], np.zeros(1))
    (rows,) = load_encoder(f"body:{person}").encode_people([batch])
    assert not rows.rows.any()
    assert rows.warnings == (f"There is no person {person} to follow: {found} found at once.",)


def test_the_row_of_nobody_does_not_say_that_there_is_nobody(folder):
    found = actalign(
        *("classify", folder / "clips" / "pair.mp4", "--scripts", folder / "scripts.yaml"),
        *("--model", "body", "--person", "5", "--fps", "1", "--json"),
    )
    assert json.loads(found.stdout)["warnings"] == [
        "There is no person 5 to follow: at most 2 people were found at once.",
        "4 of 4 frames show nothing that the encoder knows (body: the person it follows).",
    ]


# --- the box of a person for image encoders ---


def test_a_cropped_encoder_sees_the_person_and_its_surroundings(colour_model, two):
    encoder = load_encoder(f"crop:right:{colour_model}")
    plain = load_encoder(str(colour_model))
    frames = scene(2 * SIDE, 4, (two[0], lambda t: 0), (two[1], lambda t: SIDE))
    batch = FrameBatch(frames, np.arange(4) / FPS)
    (found,) = encoder.encode_people([batch])
    people = Tracks("right").add(batch)
    for row, frame, seen in zip(found.rows, frames, people, strict=True):
        low, high = seen[1].low, seen[1].high
        assert low[0] > SIDE
        half = 0.5 * 1.4 * (high - low).max()
        x, y = (low + high) / 2
        part = frame[max(0, round(y - half)) : round(y + half), round(x - half) : round(x + half)]
        colour = part.reshape(-1, 3).mean(axis=0) / 127.5 - 1
        assert np.abs(row - colour).max() < 0.06
        assert np.abs(row - plain.encode_image(frame[None])[0]).max() > 0.06
    assert not found.warnings
    (rows,) = encoder.encode_clip([batch])
    np.testing.assert_allclose(rows, found.rows)


def test_a_crop_is_square_and_moved_into_the_picture(two):
    tracks = Tracks("largest")
    (seen,) = tracks.add(FrameBatch(two[0][0][None], np.zeros(1)))
    assert crop(two[0][0], seen[1]).shape == (384, 384, 3)
    found = seen[1].found
    at_edge = Person(type(found)(found.image - 60, *_rest(found)))
    assert (crop(two[0][0], at_edge)[0, 0] > 0).any()  # no black border


def _rest(found):
    return found.world, found.visibility, found.heat, found.region


def test_without_anybody_the_whole_picture_is_encoded_and_said(colour_model, folder):
    encoder = load_encoder(f"crop:largest:{colour_model}")
    path = folder / "clips" / "empty.mp4"
    clip = embed_video(encoder, path, clip_id="empty", sampling=Sampling())
    whole = embed_video(load_encoder(str(colour_model)), path, clip_id="empty", sampling=Sampling())
    np.testing.assert_array_equal(clip.embeddings, whole.embeddings)
    assert clip.warnings == (
        "Nobody was found in 6 of 6 frames, of which the whole picture was encoded.",
    )
    assert clip.provenance["people_looks"] == "0:6"


def test_a_clip_in_which_there_is_nobody_to_crop_is_marked(colour_model, folder, two, tmp_path):
    seen, nobody = scene(2 * SIDE, 4, (two[0], lambda t: 0)), scene(2 * SIDE, 8)
    write(tmp_path / "partly.mp4", np.concatenate([seen, nobody]))
    clips = (folder / "clips" / "empty.mp4", tmp_path / "partly.mp4")
    asked = ("--labels", "red,green", "--model", colour_model, "--crop", "person", "--fps", FPS)
    out = tmp_path / "rows.jsonl"
    ended = actalign("classify", *clips, *asked, "--out", out)
    told = ended.stdout + ended.stderr
    empty, partly = read_rows(out)
    assert empty["whole_frames"] == empty["frames"] == 6
    assert tag(empty) == "nobody seen"
    assert (partly["whole_frames"], partly["frames"]) == (8, 12)
    assert tag(partly) == "mostly unseen"
    assert "whole_seconds" not in partly["provenance"]
    for row, said in ((empty, "nobody seen"), (partly, "mostly unseen")):
        assert f"{row['label']} ({said})" in told
    assert f"{empty['label']} (nobody seen) 1" in told
    run("classify", *clips[1:], *asked, "--window", 0.6, "--out", out)
    windows = read_rows(out)
    assert sum(row.get("whole_frames", 0) for row in windows) == 8
    assert "whole_frames" not in windows[0]
    assert tag(windows[-1]) == "nobody seen"
    run("classify", clips[0], *asked, "--person", "all", "--out", out)
    [alone] = read_rows(out)
    assert [one for one in alone["warnings"] if "nobody" in one.lower()] == [
        "Nobody was found in 6 of 6 frames, of which the whole picture was encoded."
    ]


def test_embeddings_with_and_without_crop_are_kept_apart(colour_model, folder):
    names = [
        str(colour_model),
        *(f"crop:{who}:{colour_model}" for who in ("largest", "left", "2", "all")),
    ]
    infos = [load_encoder(name).info for name in names]
    assert len({info.fingerprint for info in infos}) == len(names)
    assert [info.model_id for info in infos] == names
    common = ("--model", colour_model, "--fps", 2, "--store", folder / "crops")
    common += ("--out", folder / "crops.jsonl")
    for options in ([], ["--crop", "person"], ["--crop", "person", "--person", "all"]):
        run("classify", folder / "clips", "--labels", "red,green", *common, *options)
    entries = sorted(path.name.partition(".")[0] for path in (folder / "crops").iterdir())
    pair = ["pair", "pair", "pair-person1", "pair-person2"]
    assert entries == ["empty", "empty", "empty-person0", *pair]
    rows = [json.loads(line) for line in (folder / "crops.jsonl").read_text().splitlines()]
    assert {row["clip"] for row in rows} == {"empty-person0", "pair-person1", "pair-person2"}
    run("align", folder / "crops", "--labels", "red,green", "--model", names[-1], code=1)


def test_what_can_not_be_cropped_is_said(colour_model, folder):
    clips = folder / "clips"
    for options, why in (
        (["--model", "body", "--crop", "person"], "--crop is for image encoders"),
        (["--model", colour_model, "--person", "left"], "with --crop person"),
        (["--model", colour_model, "--crop", "person", "--person", "tall"], "'tall' names nobody"),
        (["--model", colour_model, "--crop", "face"], "it can only be person"),
    ):
        assert why in run("classify", clips, "--labels", "red,green", *options, code=2)
    with pytest.raises(UsageError, match="across frames"):
        load_encoder("crop:left:body")
    with pytest.raises(EncoderError, match="names no encoder"):
        load_encoder("crop:left")


# --- live ---


class Frames:
    """A live source whose frames wait for who reads them, so that none is lost."""

    name, fps, dropped, connections = "frames", FPS, 0, 1

    def __init__(self, *parts):
        """parts: of one connection each."""
        self.waiting = [
            LiveFrame(frame, n / FPS, time.monotonic(), connection)
            for n, (connection, frame) in enumerate(
                (c, frame) for c, part in enumerate(parts, start=1) for frame in part
            )
        ]

    def next_frames(self, *, wait, most):
        found, self.waiting = self.waiting[:1], self.waiting[1:]
        return found or None


def windows(model, *parts, window=1.0):
    seen = live_windows(load_encoder(model), Frames(*parts), window=window, every=1e-9)
    scripts = [Script("rest", ("standing",))]
    scorer = ActAlign(load_encoder(model)).candidates(None, scripts)
    return [one.to_row(scorer.predict(one.clip)) for one in seen]


def test_live_windows_say_several_people_and_cuts(two, monkeypatch):
    monkeypatch.setattr("actalign.encoders.body._pose._LOOK_FRAMES", 2)
    late = (two[1][:4], lambda t: SIDE * (3 - min(t, 2)))
    pair = scene(2 * SIDE, 12, (two[0], lambda t: 0), late)
    alone = scene(2 * SIDE, 10, (two[1], lambda t: 0))
    rows = windows("body", np.concatenate([pair, alone]))
    several = [row for row in rows if row["warnings"]]
    assert several
    assert all("2" in row["people_looks"] for row in several)
    assert all("Several people are seen in" in row["warnings"][0] for row in several)
    cut = [row for row in rows if row["window_start_seconds"] <= 2.4 < row["window_end_seconds"]]
    assert {row["provenance"]["cuts_seconds"] for row in cut} == {"2.40"}
    # What was before the window is not said of it.
    assert "cuts_seconds" not in rows[-1]["provenance"]
    assert set(rows[-1]["people_looks"]) == {"1"}
    assert rows[-1]["warnings"] == []
    assert "people_looks" in rows[0]


def test_live_windows_of_crops_hold_the_boxes_and_misses_of_their_own_time(two, colour_model):
    alone, nobody = scene(2 * SIDE, 5, (two[0], lambda t: 0)), scene(2 * SIDE, 4)
    rows = windows(f"crop:right:{colour_model}", alone, nobody, window=0.6)
    for row in rows:
        times = [box["seconds"] for box in row.get("boxes", ())]
        assert all(row["window_start_seconds"] <= t < row["window_end_seconds"] for t in times)
        assert times or row["window_start_seconds"] >= 1
    assert rows[0]["warnings"] == []
    missed = "Nobody was found in 3 of 3 frames, of which the whole picture was encoded."
    assert rows[-1]["warnings"] == [missed]
    assert set(rows[-1]["people_looks"]) == {"0"}


def test_live_lines_say_cuts_and_who_is_missed_once(tmp_path, colour_model):
    write_colours(tmp_path / "a.mp4", ["red", "green"], each=4)
    ended = actalign(
        *("live", tmp_path / "a.mp4", "--labels", "red,green", "--model", colour_model),
        *("--crop", "person", "--every", 0.1),
    )
    assert ended.returncode == 0, ended.stderr
    assert ", cut at 0:00:00.4)" in ended.stdout.splitlines()[-1]
    assert len(ended.stdout.splitlines()) > 1
    assert ended.stderr.count("Nobody was found in") == 1


def test_who_else_is_seen_is_said_with_a_command_that_takes_it(six, tmp_path, colour_model):
    """`live` and `sync` refuse --person all, and the same sentence stands in rows of clips."""
    height, width = (side // 2 * 2 for side in six.frames.shape[1:3])
    write(tmp_path / "six.mp4", np.repeat(six.frames[:1, :height, :width], 3, axis=0))
    common = (tmp_path / "six.mp4", "--labels", "red,green", "--model")
    for model in (["body"], [colour_model, "--crop", "person"]):
        ended = actalign("live", *common, *model)
        assert ended.returncode == 0, ended.stderr
        assert (
            "--person left, right or 2 (in Python a model such as body:left) follows another, and "
            "--person all, of `classify` or `serve`, everyone." in ended.stderr
        )
    ended = actalign("classify", *common, "body", "--person", "all")
    assert ended.returncode == 0, ended.stderr


def test_a_person_whom_no_encoder_follows_is_an_error_of_the_encoder():
    with pytest.raises(EncoderError, match="'10' names nobody to follow"):
        load_encoder("body:10")
