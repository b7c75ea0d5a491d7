"""The explorer's HTTP API, as a program uses it and as somebody tries to abuse it."""

import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
pytest.importorskip("httpx")

import httpx

from actalign import ActAlign, UsageError
from actalign.demo import demo_clips
from actalign.web._app import create_app
from actalign.web._jobs import Explorer
from actalign.web._state import Limits
from tests.colour_clips import CANDIDATES
from tests.command import DEADLOCK_SECONDS, actalign, finish, wait_for
from tests.media import write_video

pytestmark = pytest.mark.usefixtures("sockets_of_others")


class Faint:
    """An encoder whose pair probabilities are tiny, as those of SigLIP often are."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.info = replace(encoder.info, logit_scale=1.0, logit_bias=-14.0, fingerprint="faint")

    def __getattr__(self, name):
        return getattr(self.encoder, name)


def test_small_affinities_keep_their_digits(classifier, serve, video):
    api = serve(ActAlign(Faint(classifier.encoder), fps=10))
    job = api.align(api.upload(video).json()["clip"])
    best = api.http.get(f"/api/results/{job['result']}").json()["candidates"][0]
    affinities = {value for row in best["affinity"] for value in row}
    assert max(affinities) < 1e-4
    assert len(affinities) > 3


def test_a_program_submits_polls_and_fetches(serve, video, tmp_path):
    api = serve()
    clip = api.upload(video, "my clip.mp4").json()
    assert clip["name"] == "my clip.mp4"
    assert clip["seconds"] == pytest.approx(2.0)
    job = api.align(clip["clip"])
    assert job["state"] == "done"
    assert job["frames_done"] == 20
    result = api.http.get(f"/api/results/{job['result']}").json()
    assert result["clip"] == clip["clip"]
    assert {c["label"] for c in result["candidates"]} == {"sunrise", "sunset"}
    best = result["candidates"][0]
    assert len(best["affinity"]) == result["frames"] == len(result["pts_seconds"])
    assert best["path"][0] == [0, 0]
    # Other steps are scored at once, without encoding again.
    changed = [{"label": "grey", "steps": []}, *CANDIDATES]
    assert api.align(clip["clip"], changed)["frames_done"] == 20
    again = api.http.post("/api/score", json={"clip": clip["clip"], "candidates": changed}).json()
    assert {c["label"] for c in again["candidates"]} == {"grey", "sunrise", "sunset"}
    vtt = api.http.get(f"/api/results/{job['result']}/captions.vtt")
    assert vtt.text.startswith("WEBVTT")
    for kind, head in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        drawn = api.http.get(f"/api/results/{job['result']}/figure.png", params={"format": kind})
        assert drawn.content.startswith(head)
        assert "default-src" in drawn.headers["content-security-policy"]
    assert "style-src 'unsafe-inline'; img-src data:" in drawn.headers["content-security-policy"]
    # No font draws this letter; it is a box in the picture, without a warning of the server.
    letter = [{"label": "\U00014400", "steps": ["\U00014400"]}]
    asked = {"clip": clip["clip"], "candidates": letter}
    boxed = api.http.post("/api/score", json=asked).json()["result"]
    assert api.http.get(f"/api/results/{boxed}/figure.png").content.startswith(b"\x89PNG")
    part = api.http.get(f"/api/clips/{clip['clip']}/video", headers={"Range": "bytes=4-11"})
    assert part.status_code == 206
    assert part.content == video[4:12]
    frame = api.http.get(f"/api/clips/{clip['clip']}/frame", params={"t": 1.0})
    assert frame.content.startswith(b"\xff\xd8")
    late = api.http.get(f"/api/clips/{clip['clip']}/frame", params={"t": 99})
    assert late.status_code == 400
    assert re.fullmatch(
        r"my clip\.mp4 shows frames from 0\.000 s to \S+ s, so it has none in \[99, 99\.5\) s\.",
        late.json()["error"],
    )
    assert str(api.explorer.new_upload().parent) not in json.dumps([late.json(), result])


def test_a_job_names_its_results_only_once_it_is_done(serve, video):
    api = serve()
    clip = api.upload(video).json()["clip"]
    api.align(clip)
    for _ in range(20):  # of an encoded clip, so that it is done almost at once
        asked = api.http.post("/api/jobs", json={"clip": clip, "candidates": CANDIDATES}).json()
        assert bool(asked["results"]) == (asked["state"] == "done")
        assert (asked["result"] is not None) == (asked["state"] == "done")
        api.finished(asked)


def test_a_job_that_is_asked_for_twice_is_one(serve, video):
    api = serve()
    clip = api.upload(video).json()["clip"]
    asked = {"clip": clip, "candidates": CANDIDATES, "job": "0123456789abcdef"}
    for _ in range(2):
        job = api.http.post("/api/jobs", json=asked).json()
        assert job["job"] == asked["job"]
        result = api.finished(job)["result"]
    assert len(api.explorer.jobs) == 1
    assert list(api.explorer.results) == [result]
    wrong = api.http.post("/api/jobs", json={**asked, "job": "../etc"})
    assert wrong.status_code == 422
    assert "The field job is wrong" in wrong.json()["error"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"candidates": []}, "The field candidates is wrong: give at least 1."),
        ({"clip": None}, "The field clip is wrong: Input should be a valid string."),
        ({"candidates": [{}]}, "The field candidates.0.label is wrong: it is required."),
        (
            {"candidates": [{"label": "x" * 201}]},
            "The field candidates.0.label is wrong: give a text of at most 200 characters.",
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_plain_words(serve, more, sentence):
    answer = serve().http.post("/api/score", json={"clip": "c", "candidates": CANDIDATES, **more})
    assert (answer.status_code, answer.json()["error"]) == (422, sentence)


def test_two_uploads_of_one_name_stay_apart(serve, video, tmp_path):
    api = serve()
    write_video(tmp_path / "longer.mp4", 36)
    first, second = (
        api.upload(data, "same.mp4").json()
        for data in (video, (tmp_path / "longer.mp4").read_bytes())
    )
    for clip in (second, first):
        result = api.http.get(f"/api/results/{api.align(clip['clip'])['result']}").json()
        assert result["clip"] == clip["clip"]
        assert result["end_seconds"] == pytest.approx(clip["seconds"])


def test_wrong_requests_get_one_sentence(serve, video):
    api = serve(limits=Limits(upload_bytes=len(video) + 1000, seconds=3))
    clip = api.upload(video).json()["clip"]

    def error(answer, code):
        assert answer.status_code == code, answer.text
        [sentence] = answer.json().values()
        assert "Traceback" not in sentence
        return sentence

    assert "larger than this server's limit" in error(api.upload(video + b"x" * 1001), 413)
    assert "is not a video" in error(api.upload(b"no video", "notes.txt"), 400)
    form = api.http.post("/api/clips", files={"file": ("clip.mp4", video)})
    assert "is a form; send the file itself as the body" in error(form, 400)
    for name in ("../../etc/passwd", "..\\..\\boot.ini", "a\x00b\n.mp4", "/"):
        shown = error(api.upload(b"no video", name), 400)
        assert "/" not in shown.split(" is not")[0]
        assert ".." not in shown
        assert "\n" not in shown
    job = {"clip": clip, "candidates": [{"label": ""}]}
    assert "candidates.0.label" in error(api.http.post("/api/jobs", json=job), 422)
    job = {"clip": clip, "candidates": [{"label": "a"}], "path": "/etc/passwd"}
    assert "path" in error(api.http.post("/api/jobs", json=job), 422)
    job = {"clip": "nothing", "candidates": [{"label": "a"}]}
    assert "no such clip" in error(api.http.post("/api/jobs", json=job), 404)
    new = {"clip": "gym-clean-and-press", "candidates": [{"label": "a"}]}
    assert "not encoded yet; align it first." in error(api.http.post("/api/score", json=new), 400)
    assert "any more; align the clip again." in error(api.http.get("/api/jobs/0"), 404)
    assert "no such result" in error(api.http.get("/api/results/0"), 404)
    assert api.http.post("/api/jobs", content=b"{").status_code == 422
    # Nothing of what was refused is left.
    kept = [path.name for path in api.explorer.new_upload().parent.iterdir()]
    assert kept == [clip]


def test_no_answer_shows_where_a_clip_lies(serve, tmp_path):
    api = serve()
    write_video(tmp_path / "whole.mp4", 48, container_options={"movflags": "faststart"})
    data = (tmp_path / "whole.mp4").read_bytes()
    clip = api.upload(data[: len(data) * 3 // 4], "cut.mp4").json()["clip"]
    result = api.align(clip)["result"]
    answers = [
        api.http.get(f"/api/{path}", params={"clip": clip})
        for path in ("clips", "table.csv", "predictions.jsonl", f"results/{result}")
    ]
    path = api.explorer.clip(clip).path
    for one in answers:
        assert "cut.mp4 is truncated or damaged" in one.text, one.url
    path.write_text("no video any more")
    answers += [api.http.get(f"/api/clips/{clip}/{kind}") for kind in ("preview", "frame?t=0")]
    for one in answers[-2:]:
        assert one.status_code == 400
        assert "cut.mp4 is not a video" in one.json()["error"]
    for one in answers:
        assert str(path.parent) not in one.text, one.url


def test_a_file_that_was_deleted_is_said_to_be_gone(serve, video):
    api = serve()
    clip = api.upload(video, "mine.mp4").json()["clip"]
    api.explorer.clip(clip).path.unlink()
    for kind in ("video", "preview", "frame?t=0"):
        gone = api.http.get(f"/api/clips/{clip}/{kind}")
        assert gone.status_code == 404, gone.text
        assert "The file of mine.mp4 is gone" in gone.json()["error"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name here")
def test_an_unexpected_error_is_a_sentence_as_json(serve, video):
    api = serve()
    clip = api.upload(video, "mine.mp4").json()["clip"]
    path = api.explorer.clip(clip).path
    path.unlink()
    os.mkfifo(path)  # which is there, and no file that can be sent
    failed = api.http.get(f"/api/clips/{clip}/video")
    assert failed.status_code == 500
    assert failed.headers["X-Content-Type-Options"] == "nosniff"
    assert "The server failed unexpectedly (RuntimeError)" in failed.json()["error"]
    assert api.http.get("/api/info").status_code == 200


def test_wrong_candidates_are_refused_before_the_clip_is_encoded(serve, video):
    api = serve()
    clip = api.upload(video).json()["clip"]
    for path in ("jobs", "score"):
        if path == "score":
            api.align(clip)
        for wrong, code, said in (
            ({"candidates": [{"label": "a"}, {"label": "A"}]}, 400, "given twice"),
            (
                {"candidates": [{"label": "a", "domain": "gym"}, {"label": "a", "domain": "yoga"}]},
                400,
                "The label 'a' is given twice; name one of them differently",
            ),
            ({"candidates": [{"label": " "}, {"label": "A"}]}, 400, "label is empty"),
            ({"candidates": CANDIDATES, "none": "neither"}, 400, "can't tell when none"),
            (
                {"candidates": CANDIDATES, "min_confidence": 0.5},
                400,
                "min_confidence can't be used",
            ),
            (
                {"candidates": CANDIDATES[:1], "min_confidence": 0.5},
                400,
                "min_confidence can't be used",
            ),
            ({"candidates": [{"label": "a\0b"}]}, 422, "the control character U+0000"),
            ({"candidates": [{"label": "a", "steps": ["\a"]}]}, 422, "candidates.0.steps.0"),
            ({"candidates": CANDIDATES, "none": "\ufffe"}, 422, "control character U+FFFE"),
            ({"candidates": CANDIDATES, "more": "text"}, 422, "there is no such field; see /api"),
        ):
            refused = api.http.post(f"/api/{path}", json={"clip": clip, **wrong})
            assert refused.status_code == code, (path, wrong, refused.text)
            assert said in refused.json()["error"]
            assert "--none" not in refused.text
            assert "--min-confidence" not in refused.text
    # As JSON, but not called so: as curl sends it by itself.
    bare = api.http.post("/api/score", content=b'{"clip": "x", "candidates": []}')
    assert bare.status_code == 422
    assert "with the header Content-Type: application/json" in bare.json()["error"]


def test_a_range_that_cannot_be_given_gets_one_sentence(serve, video):
    api = serve()
    clip = api.upload(video).json()["clip"]

    def refused(answer, code):
        assert answer.status_code == code, answer.text
        return answer.json()["error"]

    for kind in ("video", "preview"):
        path = f"/api/clips/{clip}/{kind}"
        for asked in ("junk", "lines=1-2", "bytes=", "bytes=a-b"):
            answer = api.http.get(path, headers={"Range": asked})
            assert "ask for bytes" in refused(answer, 400)
        answer = api.http.get(path, headers={"Range": "bytes=99999999-"})
        assert "begins after the file's end" in refused(answer, 416)
        size = len(api.http.get(path).content)
        assert answer.headers["content-range"].endswith(f"*/{size}")
        part = api.http.get(path, headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.content)) == (206, 10)


def test_a_clip_that_lasts_too_long_is_refused(serve, video):
    api = serve(limits=Limits(seconds=1.5))
    answer = api.upload(video, "long.mp4")
    assert answer.status_code == 400
    assert (
        "long.mp4 lasts 2 s, but this server takes clips of at most 2 s" in answer.json()["error"]
    )


def test_no_file_of_the_server_can_be_read(serve):
    api = serve()
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fjobs.py",
        "/api/clips/..%2f..%2fetc%2fpasswd/video",
        "/api/clips/%2fetc%2fpasswd/video",
        "/static//etc/passwd",
    ):
        with socket.create_connection(("127.0.0.1", api.port)) as raw:
            raw.sendall(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 404"), path
        assert b"import" not in answer
        assert b"root:" not in answer


def test_a_table_of_a_thousand_clips_is_asked_for_in_pieces(serve):
    api = serve()
    clips = "&".join(f"clip={number:0>200}" for number in range(1000))
    with socket.create_connection(("127.0.0.1", api.port)) as raw:
        raw.sendall(f"GET /api/table.csv?{clips[:100_000]}".encode())
        assert api.http.get("/api/info").status_code == 200  # meanwhile the server reads that
        head = f"{clips[100_000:]} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        raw.sendall(head.encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]


def test_other_sites_and_other_names_are_refused(serve):
    api = serve()
    own = f"http://127.0.0.1:{api.port}"
    assert api.http.get("/api/info", headers={"Origin": own}).status_code == 200
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{api.port + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},  # a name that an attacker points to 127.0.0.1
        {"Host": "127.0.0.1.evil.example"},
    ):
        answer = api.http.get("/api/info", headers=headers)
        assert answer.status_code == 403, headers
        assert "error" in answer.json()
    safe = api.http.get("/")
    assert "default-src 'self'" in safe.headers["content-security-policy"]
    assert "access-control-allow-origin" not in safe.headers


def test_beyond_loopback_a_token_is_asked_for(serve, classifier):
    with pytest.raises(UsageError, match="give a token"):
        create_app(Explorer(classifier), model="colours", host="0.0.0.0")
    token = "a-token-of-some-length"
    api = serve(token=token, host="0.0.0.0")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "actalign_token=x"}):
        refused = api.http.get("/api/info", headers=headers)
        assert refused.status_code == 401
        assert "or send the header Authorization: Bearer TOKEN" in refused.json()["error"]
    assert api.http.get("/static/app.js").status_code == 401
    bearer = {"Authorization": f"Bearer {token}"}
    info = api.http.get("/api/info", headers=bearer)
    assert info.status_code == 200
    assert info.json()["asks_token"] is True
    # A person opens the printed address once; the page then works by its cookie.
    opened = api.http.get("/", params={"token": token})
    assert opened.status_code == 303
    assert token not in opened.headers["location"]
    assert "httponly" in opened.headers["set-cookie"].lower()
    assert api.http.get("/api/info").status_code == 200


def test_the_queue_is_bounded_and_a_job_can_be_cancelled(serve, video, tmp_path):
    write_video(tmp_path / "long.mp4", 3000)
    api = serve(limits=Limits(queued=1))
    long, short = (
        api.upload(data).json()["clip"] for data in ((tmp_path / "long.mp4").read_bytes(), video)
    )
    body = {"candidates": CANDIDATES}
    first = api.http.post("/api/jobs", json={"clip": long, **body}).json()
    second = api.http.post("/api/jobs", json={"clip": short, **body})
    assert second.status_code == 429
    assert "jobs are already waiting" in second.json()["error"]
    api.http.delete(f"/api/jobs/{first['job']}")
    assert api.finished(first)["state"] == "cancelled"
    assert api.align(short)["state"] == "done"


def test_cancelling_ends_a_decoder_that_gives_nothing(serve, video):
    api = serve()
    clip = api.upload(video).json()["clip"]
    decoder = api.explorer._decoder
    decoder.content_of(demo_clips()[0].path)  # starts the child
    child = decoder._child
    child.send_signal(signal.SIGSTOP)  # as a decoder that needs minutes for a frame
    job = api.http.post("/api/jobs", json={"clip": clip, "candidates": CANDIDATES}).json()
    wait_for(lambda: api.http.get(f"/api/jobs/{job['job']}").json()["state"] == "running")
    api.http.delete(f"/api/jobs/{job['job']}")
    assert api.finished(job)["state"] == "cancelled"
    assert child.returncode == -signal.SIGKILL
    assert api.align(clip)["state"] == "done"


def test_uploads_are_private_and_go_with_the_server(serve, video):
    api = serve(limits=Limits(uploads=2))
    clips = [api.upload(video).json()["clip"] for _ in range(4)]
    folder = api.explorer.new_upload().parent
    assert folder.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(clips[-2:])
    assert api.http.get(f"/api/clips/{clips[0]}/video").status_code == 404
    api.stop()
    assert not folder.exists()


def test_an_upload_that_was_dropped_for_newer_ones_leaves_its_result(serve, video):
    api = serve(limits=Limits(uploads=1))
    clip = api.upload(video, "old.mp4").json()["clip"]
    link = f"/api/results/{api.align(clip)['result']}"
    before = api.http.get(link).json()
    assert before["clip"] == clip
    api.upload(video, "new.mp4")
    job = {"clip": clip, "candidates": CANDIDATES}
    for answer in (
        api.http.get(f"/api/clips/{clip}/video"),
        api.http.get(f"/api/clips/{clip}/frame", params={"t": 0.5}),
        api.http.post("/api/jobs", json=job),
        api.http.post("/api/score", json=job),
    ):
        assert answer.status_code == 404
        assert answer.json() == {"error": "There is no such clip on this server; upload it again."}
    # Who opens the link to the result sees it all the same, but for the picture.
    assert api.http.get(link).json() == {**before, "clip": None, "whole": None}
    assert api.http.get(f"{link}/captions.vtt").text.startswith("WEBVTT")
    assert api.http.get(f"{link}/figure.png").content.startswith(b"\x89PNG")


def begin_upload(api):
    """A connection that has sent the first thousand bytes of a million."""
    raw = socket.create_connection(("127.0.0.1", api.port))
    raw.sendall(
        b"POST /api/clips?name=x.mp4 HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 1000000\r\n\r\n" + b"x" * 1000
    )
    return raw


def test_only_so_many_uploads_are_under_way(serve, video):
    api = serve(limits=Limits(queued=2))
    folder = api.explorer.new_upload().parent
    with begin_upload(api), begin_upload(api):
        wait_for(lambda: len(list(folder.iterdir())) >= 2)
        refused = api.upload(video)
        assert refused.status_code == 429
        assert refused.json() == {
            "error": "Too many uploads are in progress; try again when one has finished."
        }
        assert len(list(folder.iterdir())) == 2
    # Their places are free again once they have broken off.
    wait_for(lambda: not list(folder.iterdir()))
    assert [api.upload(video).status_code for _ in range(3)] == [201] * 3


def test_stalled_uploads_give_their_places_back(serve, video):
    api = serve(limits=Limits(queued=2, silent_seconds=0.5))
    folder = api.explorer.new_upload().parent
    with begin_upload(api) as first, begin_upload(api) as second:
        for stalled in (first, second):
            answer = b"".join(iter(lambda raw=stalled: raw.recv(65536), b""))  # until it is closed
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"The upload of x.mp4 has stalled" in answer
        assert list(folder.iterdir()) == []
        assert api.upload(video).status_code == 201


def test_a_slow_upload_that_goes_on_is_taken(serve, video, monkeypatch):
    monkeypatch.setattr("actalign.web._uploads.LEAST_BYTES", 100)
    api = serve(limits=Limits(silent_seconds=2.0))

    def drip():
        for start in range(0, len(video), 1 + len(video) // 5):
            yield video[start : start + 1 + len(video) // 5]
            time.sleep(0.5)  # 2.5 s in all

    assert api.upload(drip()).status_code == 201


@pytest.mark.parametrize("path", ["/api/jobs", "/api/score", "/api/steps"])
def test_a_body_larger_than_any_request_is_refused(serve, path):
    api = serve()
    blocks = [b"[" * 1_000_000] * 8 + [b"["]
    for body in (b"".join(blocks), iter(blocks)):  # with its length, and in chunks without
        answer = api.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert answer.json() == {"error": "The request is larger than 8 MB; send less."}


def test_an_upload_that_is_announced_as_too_large_is_refused_before_it_is_sent(serve):
    api = serve(limits=Limits(upload_bytes=1000, silent_seconds=1))
    client = http.client.HTTPConnection("127.0.0.1", api.port, timeout=DEADLOCK_SECONDS)
    with closing(client):
        client.putrequest("POST", "/api/clips?name=match.mp4")
        client.putheader("Content-Length", "1001")
        client.endheaders()  # and no byte of the file
        answer = client.getresponse()
        assert answer.status == 413
        assert "match.mp4 is larger than this server's limit" in answer.read().decode()


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("announced", [True, False])
def test_a_client_that_sends_all_before_it_reads_can_read_that_it_is_too_large(serve, announced):
    api = serve(limits=Limits(upload_bytes=1000))
    for _ in range(5):
        client = http.client.HTTPConnection("127.0.0.1", api.port, timeout=DEADLOCK_SECONDS)
        with closing(client):
            client.putrequest("POST", "/api/clips?name=match.mp4")
            size = ("Content-Length", f"{50 << 20}")
            client.putheader(*(size if announced else ("Transfer-Encoding", "chunked")))
            client.endheaders()
            for _ in range(50):  # more than the sockets hold
                client.send(bytes(1 << 20) if announced else chunk(bytes(1 << 20)))
            client.send(b"" if announced else b"0\r\n\r\n")
            answer = client.getresponse()
            assert answer.status == 413
            assert "match.mp4 is larger than this server's limit" in answer.read().decode()


@pytest.fixture
def command(start, colour_model, tmp_path):
    """Starts `actalign serve` and gives its process, and a client once it answers."""
    clients = []
    (tmp_path / "tmp").mkdir()

    def begin(*words):
        process = start("serve", "--model", colour_model, *words, TMPDIR=tmp_path / "tmp")
        line = process.stdout.readline()
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line)[1])
        clients.append(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLOCK_SECONDS))

        def answers():
            with suppress(httpx.TransportError):
                return clients[-1].get("/api/info").status_code in (200, 401)

        wait_for(answers, by=process)
        return process, clients[-1], line, port

    yield begin
    for client in clients:
        client.close()


def test_a_full_disk_is_one_sentence_and_a_stop_is_obeyed_during_an_upload(
    command, video, tmp_path
):
    process, http, _, port = command("--port", 0)
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1000, before[1]))
    answer = http.post("/api/clips", content=video)
    assert answer.status_code == 507
    assert "The server's disk is full" in answer.json()["error"]
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
    assert http.post("/api/clips", content=video).status_code == 201
    (folder,) = (tmp_path / "tmp").glob("actalign-serve-*")
    with begin_upload(SimpleNamespace(port=port)):
        wait_for(lambda: len(list((folder / "clips").iterdir())) == 2)
        process.terminate()
        ended = finish(process)
    assert ended.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    assert not folder.exists()


def test_what_a_killed_server_left_is_removed_and_what_another_uses_is_not(
    command, video, tmp_path
):
    killed, _, _, _ = command("--port", 0)
    (left,) = (tmp_path / "tmp").glob("actalign-serve-*")
    killed.kill()
    killed.wait()
    assert left.exists()
    _, http, _, port = command("--port", 0)
    assert not left.exists()
    clip = http.post("/api/clips", content=video).json()["clip"]
    _, _, _, other = command("--port", 0)
    assert other != port
    assert http.get(f"/api/clips/{clip}/video").content == video


def test_an_upload_that_breaks_off_prints_nothing_and_one_that_is_cut_off_is_told_so(
    command, tmp_path
):
    process, _, _, port = command("--port", 0)
    (folder,) = (tmp_path / "tmp").glob("actalign-serve-*/clips")
    with begin_upload(SimpleNamespace(port=port)):
        wait_for(lambda: list(folder.iterdir()))
    wait_for(lambda: not list(folder.iterdir()))
    with begin_upload(SimpleNamespace(port=port)) as raw:
        wait_for(lambda: list(folder.iterdir()))
        process.send_signal(signal.SIGINT)
        head, _, body = b"".join(iter(lambda: raw.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert json.loads(body) == {"error": "The server is shutting down; ask again when it is back."}
    assert b"nosniff" in head
    ended = finish(process)  # which looks for tracebacks
    assert ended.returncode == 130
    assert "ClientDisconnect" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == "stopped"  # nothing that would go on


@pytest.mark.parametrize(
    "token",
    ["geheim-ist-geheim-ä", "two-lines-of-a-token\nand-the-second", "with spaces in the token"],
)
def test_a_token_that_no_client_could_send_is_refused(colour_model, tmp_path, token):
    (tmp_path / "token").write_text(token)
    words = ("--host", "203.0.113.7", "--port", 0, "--token-file", tmp_path / "token")
    ended = actalign("serve", "--model", colour_model, *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "must be one line of ASCII letters, digits and symbols, without spaces" in ended.stderr
    assert token not in ended.stderr


def test_a_port_in_use_is_one_sentence_and_no_token_of_a_file_is_shown(
    command, colour_model, tmp_path
):
    token = tmp_path / "token"
    token.write_text("a-secret-of-some-length\n")
    process, http, line, port = command("--port", 0, "--token-file", token)
    assert "a-secret" not in line
    assert f"/?token=TOKEN  (the token in {token})" in line
    bearer = {"Authorization": "Bearer a-secret-of-some-length"}
    assert http.get("/api/info", headers=bearer).status_code == 200
    second = actalign("serve", "--model", colour_model, "--port", port)
    assert (second.returncode, second.stdout) == (2, "")
    assert f"Port {port} of 127.0.0.1 is in use; give another --port" in second.stderr
    third = actalign("serve", "--model", colour_model, "--host", "203.0.113.7", "--port", 0)
    assert third.returncode == 2
    assert "can't listen on 203.0.113.7, port 0" in third.stderr
    process.terminate()
    ended = finish(process)
    assert "a-secret" not in ended.stdout + ended.stderr


def test_made_up_ids_and_tokens_open_nothing(serve):
    api = serve(token="a-token-of-some-length", host="0.0.0.0")
    made_up = "0123456789abcdef0123456789abcdef"
    asked = [
        ("GET", f"/api/clips/{made_up}/video"),
        ("GET", f"/api/clips/{made_up}/frame?t=0"),
        ("GET", f"/api/jobs/{made_up}"),
        ("DELETE", f"/api/jobs/{made_up}"),
        ("GET", f"/api/results/{made_up}"),
        ("GET", f"/api/results/{made_up}/captions.vtt"),
        ("GET", f"/api/results/{made_up}/figure.png"),
    ]
    known = {"Authorization": "Bearer a-token-of-some-length"}
    for method, path in asked:
        answer = api.http.request(method, path, headers=known)
        assert answer.status_code == 404, path
        assert "There is no such" in answer.json()["error"]
    for headers in (
        {"Authorization": f"Bearer {made_up}"},
        {"Authorization": "Bearer a-token-of-some-lengt"},
        {"Authorization": "Bearer a-token-of-some-length-and-more"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"Cookie": f"actalign_token={made_up}"},
    ):
        # Nobody without the token learns which ids there are.
        for path in ("/", "/api/info", asked[0][1], "/api/clips/gym-clean-and-press/video"):
            answer = api.http.get(path, headers=headers)
            assert answer.status_code == 401, (headers, path)
            assert "The token is missing or wrong" in answer.json()["error"]
    assert api.http.get("/", params={"token": made_up}).status_code == 401
    # In an address the token would be logged, so only the page's is looked at.
    assert api.http.get("/api/info?token=a-token-of-some-length").status_code == 401


def test_the_description_names_every_path(serve):
    api = serve()
    schema = api.http.get("/api/openapi.json").json()
    assert {"/api/clips", "/api/jobs", "/api/score", "/api/results/{result}"} <= set(
        schema["paths"]
    )


@pytest.mark.slow
def test_nothing_that_is_asked_breaks_the_server(serve, tmp_path):
    """Schemathesis makes requests up, from the API's own description, good and bad ones."""
    pytest.importorskip("schemathesis")
    api = serve(limits=Limits(upload_bytes=100_000, queued=4))
    checks = "not_a_server_error,status_code_conformance,content_type_conformance"
    checks += ",response_schema_conformance"
    # Ids that exist, so that more than "there is no such clip" is met.
    job = api.align("gym-clean-and-press")
    known = {"clip": "gym-clean-and-press", "job": job["job"], "result": job["result"]}
    config = tmp_path / "schemathesis.toml"
    lines = [f'"path.{name}" = "{value}"' for name, value in known.items()]
    config.write_text("\n".join(["[parameters]", *lines]) + "\n")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"http://127.0.0.1:{api.port}/api/openapi.json", "--checks", checks]
    command += ["--max-examples", "15", "--seed", "1", "--no-color", "--request-timeout", "300"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLOCK_SECONDS, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert api.http.get("/api/info").status_code == 200


def test_the_page_scores_as_the_command_says(command, colour_model, video, tmp_path):
    (tmp_path / "video.mp4").write_bytes(video)
    files = {}
    for model, name in ((colour_model, "mine"), ("body", "another")):
        clip = tmp_path / "video.mp4" if model != "body" else demo_clips()[0].path
        files[name] = tmp_path / f"{name}.safetensors"
        made = actalign("background", clip, "--model", model, "--out", files[name])
        assert made.returncode == 0, made.stderr
    _, http, _, _ = command("--port", 0, "--background", files["mine"], "--temperature", 1)
    assert http.get("/api/info").json()["offers"] == {"none": True, "min_confidence": True}
    clip = http.post("/api/clips", content=video).json()["clip"]
    job = http.post("/api/jobs", json={"clip": clip, "candidates": CANDIDATES}).json()["job"]
    wait_for(lambda: http.get(f"/api/jobs/{job}").json()["state"] == "done")
    found = http.post(
        "/api/score", json={"clip": clip, "candidates": CANDIDATES, "none": "neither"}
    ).json()
    assert (found["scorer"], len(found["candidates"])) == ("competitive", 3)
    assert sum(one["confidence"] for one in found["candidates"]) == pytest.approx(1, abs=1e-3)
    _, http, _, _ = command("--port", 0, "--scorer", "mean_pool")
    assert http.get("/api/info").json()["offers"] == {"none": False, "min_confidence": False}
    for words, said in (
        (("--background", "clips"), "which there are not on the page"),
        (("--background", tmp_path / "none"), "can't be read"),
        (("--background", files["another"]), "comes from body"),
        (("--background", files["mine"], "--scorer", "dtw"), "the scorer dtw needs none"),
        (("--scorer", "competitive"), "The scorer competitive needs a background"),
        (("--scorer", "dtw,mean_pool"), "takes one scorer on the page"),
        (("--temperature", "competitive=1"), "this run uses dtw"),
    ):
        wrong = actalign("serve", "--model", colour_model, "--port", 0, *words)
        assert wrong.returncode
        assert wrong.stdout == ""
        assert said in wrong.stderr
