"""An embedding service as an encoder, against one on loopback that looks at the pictures."""

import json

import numpy as np
import pytest

pytest.importorskip("openai")

from actalign import ActAlign, FrameBatch, Script, services
from actalign.encoders import _service as service
from actalign.encoders import load_encoder
from actalign.errors import EncoderError, UsageError
from tests.colour_model import RGB
from tests.command import actalign
from tests.embedding_server import EmbeddingServer, vectors
from tests.llm_server import Reply, cuts, drips, floods, status
from tests.media import write_video

KEY = "my-secret-of-a-key"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    monkeypatch.setenv("ACTALIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def says(body):
    return lambda _: Reply(body=body)


def solid(*names, size=(48, 64)):
    return np.stack([np.full((*size, 3), RGB[name], np.uint8) for name in names])


@pytest.mark.parametrize("form", ["messages", "input"])
def test_pictures_and_texts_are_embedded_in_order_and_never_asked_for_twice(form, caplog):
    names = ["red", "green", "blue", "white", "black", "red"]
    with EmbeddingServer(form) as server:
        encoder = load_encoder(f"{server.url}#colours", batch_size=2)
        assert [record.getMessage() for record in caplog.records] == [
            f"Frames and texts are sent to {server.url}."
        ]
        rows = encoder.encode_image(solid(*names))
        wanted = np.array([RGB[name] for name in names]) / 127.5 - 1
        np.testing.assert_allclose(rows, wanted, atol=0.03)
        assert server.pictures == 5  # both red frames are one picture
        texts = encoder.encode_text(["red", "a green thing"])
        np.testing.assert_array_equal(texts, [[1, -1, -1], [-1, 1, -1]])
        asked = len(server.requests)
        again = load_encoder(f"{server.url}#colours")
        np.testing.assert_array_equal(again.encode_image(solid(*names)), rows)
        np.testing.assert_array_equal(again.encode_text(["red", "a green thing"]), texts)
        assert len(server.requests) - asked == (1 if form == "messages" else 2)  # the probe
        assert all(head["authorization"] == f"Bearer {KEY}" for head in server.headers)
        assert (
            encoder.encode_text([]).shape == encoder.encode_image(solid("red")[:0]).shape == (0, 3)
        )
        large = encoder.encode_image(solid("blue", size=(900, 1600)))
    np.testing.assert_allclose(large[0], [-1, -1, 1], atol=0.03)
    assert (encoder.info.scale, encoder.info.dim) == ("none", 3)
    assert KEY not in json.dumps(encoder.info.to_json())


def test_a_scheme_in_capitals_is_the_same_service():
    with EmbeddingServer() as server:
        info = load_encoder(f"{server.url}#colours").info
        assert load_encoder(f"{server.url.replace('http', 'HTTP')}#colours").info == info


def test_it_classifies():
    scripts = [Script("a", ("red", "green")), Script("b", ("green", "red"))]
    with EmbeddingServer() as server:
        model = ActAlign(load_encoder(f"{server.url}#colours"), step_template="{step}")
        clip = FrameBatch(solid(*["red"] * 4, *["green"] * 4), np.arange(8) / 4)
        assert model.predict(clip, scripts=scripts).label == "a"


def test_busy_and_broken_answers_are_asked_for_again():
    with EmbeddingServer() as server:
        encoder = load_encoder(f"{server.url}#colours")
        again = {"retry_after_ms": "10"}
        server.behaviours = [status(429, **again), status(503, **again), cuts()]
        np.testing.assert_array_equal(encoder.encode_text(["blue"]), [[-1, -1, 1]])


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (vectors([1, 2]), "2 numbers, but returned 3"),
        (vectors(), "not 1 embeddings"),
        (vectors([1, 2, 3], [1, 2, 3]), "not 1 embeddings"),
        (vectors([1, 2, float("nan")]), "numbers that are not finite"),
        (vectors([1, 2, "three"]), "something that is not a list of numbers"),
        (vectors([1, 2, 3], start=1), "indices"),
        (vectors("AAAA"), "something that is not a list of numbers"),
        (vectors([1, 2, 10**400]), "something that is not a list of numbers"),
        (vectors([1, 2, 1e300]), "numbers that are not finite"),
        (says(b"[" * 200_000), "recursion|nested"),
        (says(b"<p>hello</p>"), "answered with"),
        (status(400, f"{'x' * 295} {KEY}"), r"status 400: x+ \[API"),
        (status(401, f"wrong key {KEY}"), "refused the API key; check OPENAI_API_KEY"),
        (status(404, "no such model"), "has no model 'colours' or offers no embeddings"),
    ],
)
def test_wrong_answers_are_errors_of_one_sentence_and_are_not_kept(behaviour, said):
    with EmbeddingServer() as server:
        encoder = load_encoder(f"{server.url}#colours")
        server.behaviours = [behaviour]
        with pytest.raises(EncoderError, match=said) as error:
            encoder.encode_text(["red"])
        assert KEY[:5] not in str(error.value)
        np.testing.assert_array_equal(encoder.encode_text(["red"]), [[1, -1, -1]])


def test_another_address_that_a_service_names_is_not_sent_anything():
    with EmbeddingServer() as other, EmbeddingServer() as server:
        encoder = load_encoder(f"{server.url}#colours")
        server.behaviours = [status(307, location=f"{other.url}/embeddings")]
        with pytest.raises(EncoderError, match=f"{other.url}.* nothing is sent there"):
            encoder.encode_image(solid("red"))
        assert not other.requests


def test_a_service_that_is_silent_is_left_after_a_while(monkeypatch):
    monkeypatch.setattr(service, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(service, "MAX_RETRIES", 0)
    with EmbeddingServer() as server:
        encoder = load_encoder(f"{server.url}#colours")
        server.behaviours = [lambda _: Reply(delay=60)]
        with pytest.raises(EncoderError, match=r"sent no answer within 0\.2 s"):
            encoder.encode_text(["red"])


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (drips("body"), r"sent no complete answer within 1 s; try again later\."),
        (floods(), r"answered with more than 32 MiB; check the address in the model's name\."),
    ],
)
def test_an_answer_that_has_no_end_is_left(behaviour, said, monkeypatch):
    monkeypatch.setattr(services, "SILENCES", 2)
    monkeypatch.setattr(service, "TIMEOUT_SECONDS", 0.5)
    with EmbeddingServer() as server:
        encoder = load_encoder(f"{server.url}#colours")
        server.behaviours = [lambda _: behaviour({"model": "m", "messages": [{"content": ""}]})]
        with pytest.raises(EncoderError, match=said):
            encoder.encode_text(["red"])


@pytest.mark.parametrize("key", ["two\nlines", "two words", "cl\u00e9"])
def test_a_key_that_can_not_be_is_refused_and_not_shown(key, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as error:
        load_encoder("http://127.0.0.1:1/v1#m")
    assert not any(part in str(error.value) for part in ("two", "cl\u00e9"))


def test_what_was_answered_before_a_failure_is_kept(monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 1)
    with EmbeddingServer() as server:
        encoder = load_encoder(f"{server.url}#colours")
        server.behaviours = [server.embedded, status(401)]
        with pytest.raises(EncoderError):
            encoder.encode_image(solid("red", "green"))
        encoder.encode_image(solid("red", "green"))
        assert server.pictures == 2


def test_a_picture_that_is_refused_is_an_error_of_its_video(tmp_path):
    for n in range(2):
        write_video(tmp_path / f"{n}.mp4", 4 + n, fps=4)
    with EmbeddingServer() as server:
        # "a person", "red" and "green" come first.
        server.behaviours = [server.embedded] * 3 + [status(400, "too strange")]
        flags = ["--labels", "red,green", "--model", f"{server.url}#colours", "--out", "rows.jsonl"]
        done = actalign("classify", tmp_path, *flags, cwd=tmp_path)
    assert done.returncode == 1
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows] == ["error", "ok"]
    assert "too strange" in rows[0]["error"]


def test_names_that_can_not_be_are_refused():
    for name in ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1#"):
        with pytest.raises(UsageError, match=r"write http://127\.0\.0\.1:1/v1#MODEL"):
            load_encoder(name)
    for name in ("http://me:pass@127.0.0.1:1/v1#m", "http://me:pass@127.0.0.1:1/v1"):
        with pytest.raises(UsageError, match="user name") as error:
            load_encoder(name)
        assert "pass@" not in str(error.value)
    for host in ("[::1", "h:99999", "h:abc", "h h", "h\n", "\u2603.invalid"):
        with pytest.raises(UsageError, match="must look like"):
            load_encoder(f"http://{host}/v1#m")
    with pytest.raises(EncoderError, match="runs elsewhere"):
        load_encoder("http://127.0.0.1:1/v1#m", dtype="float32")


def test_a_service_that_embeds_no_pictures_in_either_form_is_told():
    with EmbeddingServer("neither") as server, pytest.raises(EncoderError, match="Field required"):
        load_encoder(f"{server.url}#colours")


def test_the_command_says_where_frames_go_and_shows_no_key(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", 8, fps=4)
    with EmbeddingServer() as server:
        flags = ["--labels", "red,green", "--model", f"{server.url}#colours", "--json"]
        done = actalign("classify", clip, *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    row = json.loads(done.stdout.splitlines()[-1])
    assert row["model_id"] == f"{server.url}#colours"
    assert server.pictures


def test_what_was_stored_is_aligned_by_the_same_service(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", 8, fps=4)
    with EmbeddingServer() as server:
        name = f"{server.url}#colours"
        stored = actalign("encode", clip, "--model", name, "--out", "store", cwd=tmp_path)
        assert stored.returncode == 0, stored.stderr
        pictures = server.pictures
        done = actalign("align", "store", "--labels", "red,green", "--json", cwd=tmp_path)
        assert (done.returncode, server.pictures) == (0, pictures), done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["model_id"] == name
