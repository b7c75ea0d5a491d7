"""Embeddings in an S3 bucket, as a user has them: a real server on loopback, real commands."""

import contextlib
import json
import socket
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests import command
from tests.atlas_world import render
from tests.command import DEADLOCK_SECONDS, wait_for
from tests.ray_nodes import PATIENCE

COLOURS = (["red", "green"], ["green", "red"], ["blue", "red"], ["red", "blue"], ["green", "blue"])
LACKING = [name for name in ("moto", "flask", "s3fs", "ray") if find_spec(name) is None]

pytestmark = [
    pytest.mark.usefixtures("sockets_of_others"),
    pytest.mark.slow,
    pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory, colour_model):
    folder = tmp_path_factory.mktemp("world")
    for number, colours in enumerate(COLOURS):
        render(folder / "clips" / f"clip{number}.mp4", colours)
    (folder / "model").symlink_to(colour_model)
    (folder / "scripts.json").write_text(
        '{"scripts": {"first red": ["red", "green"], "first green": ["green", "red"]}}'
    )
    assert actalign(folder, "encode", "clips", "--model", "model", "--out", "store")[0] == 0
    return folder


@pytest.fixture(scope="module")
def bucket(world):
    """Starts the server; the commands find it as they would find Amazon's, in the environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "user",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with (world / "server.log").open("w") as log:
            server = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            wait_for(lambda: listens(port), by=server)
            done = in_bucket("mkdir", "bucket")
            assert done.returncode == 0, done.stderr + (world / "server.log").read_text()
            yield "s3://bucket"
        finally:
            server.kill()
            server.wait()


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def in_bucket(what, *arguments):
    """A call of s3fs, in a process of its own: its threads would outlive the test."""
    code = "import json, s3fs, sys; what, *arguments = sys.argv[1:]; "
    code += "print(json.dumps(getattr(s3fs.S3FileSystem(), what)(*arguments), default=str))"
    words = [sys.executable, "-W", "ignore", "-c", code, what, *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=DEADLOCK_SECONDS)


def listed(where):
    done = in_bucket("ls", where)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def actalign(folder, *arguments):
    """Ray and what loads it in a process of their own."""
    run = command.run if "ray" in arguments else command.actalign
    ended = run(*arguments, cwd=folder, ACTALIGN_CACHE=folder / "cache", **PATIENCE)
    return ended.returncode, ended.stdout + ended.stderr


def align(folder, store, out, *more):
    words = ["align", store, "--scripts", "scripts.json", "--model", "model", "--out", out, *more]
    return *actalign(folder, *words), (folder / out).read_bytes()


def test_both_engines_fill_a_bucket_and_align_it_as_they_do_a_folder(world, bucket):
    encode = ["encode", "clips", "--model", "model", "--out"]
    code, text = actalign(world, *encode, f"{bucket}/local")
    assert (code, "5 encoded, 0 encoded before, 0 failed" in text) == (0, True), text
    code, text = actalign(world, *encode, f"{bucket}/ray", "--engine", "ray")
    assert (code, "5 encoded, 0 encoded before, 0 failed" in text) == (0, True), text
    names = [
        [path.rpartition("/")[2] for path in listed(f"{bucket}/{n}")] for n in ("local", "ray")
    ]
    assert names[0] == names[1]
    assert len(names[0]) == 5
    code, text = actalign(world, *encode, f"{bucket}/local/")
    assert (code, "0 encoded, 5 encoded before" in text) == (0, True), text

    folder = align(world, "store", "folder.jsonl")[2]
    assert len(folder.splitlines()) == 5
    for store, more in ((f"{bucket}/local", ()), (f"{bucket}/ray", ("--engine", "ray"))):
        code, text, rows = align(world, store, "bucket.jsonl", *more)
        assert code == 0, text
        assert rows == folder
    classify = ["classify", "clips", "--scripts", "scripts.json", "--model", "model", "--quiet"]
    for out, store in (("b.jsonl", f"{bucket}/local"), ("f.jsonl", "store")):
        code, text = actalign(world, *classify, "--store", store, "--out", out)
        assert code == 0, text
    assert (world / "b.jsonl").read_bytes() == (world / "f.jsonl").read_bytes() == folder


def test_a_damaged_object_is_a_failed_row_and_is_made_again(world, bucket):
    encode = ["encode", "clips", "--model", "model", "--out", f"{bucket}/damaged"]
    assert actalign(world, *encode)[0] == 0
    first = listed(f"{bucket}/damaged")[0]
    whole = align(world, f"{bucket}/damaged", "whole.jsonl")[2]
    damage = f"import s3fs; s3fs.S3FileSystem().pipe({first!r}, b'PAR1 damage')"
    subprocess.run([sys.executable, "-W", "ignore", "-c", damage], check=True)
    code, text, rows = align(world, f"{bucket}/damaged", "damaged.jsonl")
    assert code == 1
    assert f"The store's entry s3://{first} can't be read" in text
    assert rows.splitlines()[1:] == whole.splitlines()[1:]
    code, text = actalign(world, *encode)
    assert (code, "1 encoded, 4 encoded before" in text) == (0, True), text
    assert "It is made again." in text
    assert align(world, f"{bucket}/damaged", "again.jsonl")[2] == whole


def test_a_bucket_that_is_not_there_is_named_and_not_made(world, bucket):
    words = ["--model", "model"]
    code, text = actalign(world, "encode", "clips", *words, "--out", "s3://typo/embeddings")
    assert code == 1
    assert "can't be written to s3://typo/embeddings/" in text
    code, text = actalign(world, "align", "s3://typo/embeddings", *words, "--labels", "red")
    assert code == 2
    assert "There is no file or folder s3://typo/embeddings" in text
    assert listed("/") == ["bucket"]


def test_rows_are_not_written_to_an_address(world, bucket):
    code, text = actalign(
        world, "align", "store", "--labels", "red", "--model", "model", "--out", f"{bucket}/p.jsonl"
    )
    assert code == 2
    assert f"{bucket}/p.jsonl is an address" in text
    assert not list(world.glob("s3*"))
