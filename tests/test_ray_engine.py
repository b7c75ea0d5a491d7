"""The Ray engine on a real cluster of two nodes: the local engine's results, whatever dies."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest

from actalign.candidates import Candidates
from actalign.cli._machine_options import EngineOptions
from actalign.clips import Sampling, embed_videos
from actalign.clips._parquet import open_store
from actalign.clips._store import Store, read_entry, write_entry
from actalign.cluster._encode import EncodeClips, RowScoring, Work
from actalign.cluster._ray import RayCluster, fit
from actalign.demo import demo_clips
from actalign.encoders._load import EncoderChoice, load_encoder
from actalign.encoders._text_cache import TextCache
from actalign.errors import UsageError
from actalign.scripts._script import as_scripts
from actalign.types import ClipEmbedding
from tests import command
from tests.atlas_world import render
from tests.colour_model import RGB, save_deadly_model
from tests.command import wait_for
from tests.fault_world import make_dataset
from tests.ray_nodes import OBJECT_STORE, PATIENCE, actors, listening, two_nodes

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray is not installed")
COLOURS = (["red", "green"], ["green", "red"], ["blue", "red"], ["red", "blue"], ["green", "blue"])
LONG = 2400  # frames


@pytest.fixture(scope="module", autouse=True)
def _patient_ray():
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PATIENCE.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home folder that the cluster's machines have."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def cluster(home):
    with two_nodes(home) as found:
        yield found


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    """A clip whose frames take 1.6 GB."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    options = {"preset": "ultrafast", "crf": "40", "g": "100"}
    pictures = [
        av.VideoFrame.from_ndarray(np.full((360, 640, 3), RGB[name], np.uint8), format="rgb24")
        for name in ("red", "green", "blue")
    ]
    pictures = [picture.reformat(format="yuv420p") for picture in pictures]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.time_base = Fraction(1, 30)
        for i in range(LONG):
            picture = pictures[i // 300 % 3]
            picture.pts, picture.time_base = i, Fraction(1, 30)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def finish(process):
    """Exit code and stderr; the output is plain lines."""
    ended = command.finish(process)
    return ended.returncode, ended.stderr + ended.stdout


def locally(folder, *arguments):
    """The local engine's run, in this process."""
    ended = command.actalign(*arguments, cwd=folder, ACTALIGN_CACHE=folder / "cache")
    return ended.returncode, ended.stderr + ended.stdout


def contents(store):
    found = {}
    for path in store:
        clip = read_entry(path)
        found[path.name] = (
            clip.embeddings.tobytes(),
            clip.pts_seconds.tobytes(),
            sorted(clip.provenance.items()),
            clip.warnings,
        )
    return found


@needs_ray
@pytest.mark.slow
def test_predictions_are_the_local_engines_to_the_byte(tmp_path, start, cluster, colour_model):
    for number in range(11):
        render(tmp_path / "clips" / f"clip{number}.mp4", COLOURS[number % 5][: 1 + number % 2])
    (tmp_path / "clips" / "poison.mp4").write_bytes(b"no video")
    (tmp_path / "list.txt").write_text("clips/clip3.mp4\nclips/gone.mp4\nclips/clip10.mp4\n")
    (tmp_path / "scripts.json").write_text(
        '{"scripts": {"first red": ["red", "green"], "first green": ["green", "red"]}}'
    )
    run = ["classify", "clips", "list.txt", "--scripts", "scripts.json", "--model", colour_model]
    code, text = locally(tmp_path, *run, "--out", "local.jsonl", "--store", "local", "--quiet")
    assert code == 1, text  # the poisoned and the missing one
    remote = start(
        *run, "--out", "ray.jsonl", "--store", "ray", "--engine", "ray",
        "--ray-address", cluster[0],
    )  # fmt: skip
    code, text = finish(remote)
    assert code == 1, text
    assert "2 of 13 clips failed" in text
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert contents(Store(tmp_path / "ray")) == contents(Store(tmp_path / "local"))


@needs_ray
@pytest.mark.slow
def test_an_evaluation_is_the_local_engines_to_the_byte(tmp_path, start, cluster):
    make_dataset(tmp_path, count=4)
    run = ["eval", "clips", "data", "--scripts", "bank.json", "--model", "model"]
    run += ["--scorer", "dtw,mean_pool,random"]
    code, text = locally(tmp_path, *run, "--out", "local")
    assert code == 0, text
    remote = start(*run, "--out", "ray", "--engine", "ray", "--ray-address", cluster[0])
    code, text = finish(remote)
    assert code == 0, text
    for name in ("predictions.jsonl", "errors.jsonl", "results.json"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    stores = [Store(tmp_path / name / "embeddings") for name in ("ray", "local")]
    assert contents(stores[0]) == contents(stores[1])


def fill_stores(folder, model, count=60):
    """Clips in ``store`` and ``parquet``, some twice; four of them can't be aligned."""
    rng = np.random.default_rng(0)
    fingerprint = load_encoder(str(model)).info.fingerprint

    def clip(name, frames=4):
        rows, times = rng.normal(size=(frames, 3)).astype(np.float32), np.arange(frames) / 30
        return ClipEmbedding(name, rows, times, frames / 30, "colour", fingerprint)

    store, parquet = Store(folder / "store"), open_store(f"file://{folder}/parquet")
    for n in range(count):  # one clip, stored again and again
        path = store.path("long", f"{n:02}")
        if n == 0:
            write_entry(clip("long", 20_000), path)
        else:
            path.hardlink_to(store.path("long", "00"))
    for name in ("long", "short", "cut"):
        parquet.put(clip(name), "k")
        store.put(clip(name), "k")
    store.put(replace(clip("stranger"), fingerprint="beef"), "k")
    (folder / "store" / "gone.k.safetensors").symlink_to("nowhere")
    for path in (store.path("cut", "k"), Path(parquet.path("cut", "k"))):
        path.write_bytes(path.read_bytes()[:-5])
    return count + 8


@needs_ray
@pytest.mark.slow
def test_stored_clips_are_aligned_to_the_byte_as_locally_though_an_actor_dies(
    tmp_path, start, cluster, colour_model
):
    count = fill_stores(tmp_path, colour_model)
    run = ["align", "store", f"file://{tmp_path}/parquet/", "--labels", "red,green,blue"]
    run += ["--model", colour_model, "--top-k", 2]
    code, text = locally(tmp_path, *run, "--out", "local.jsonl")
    assert code == 1, text
    said = f"{count - 4} aligned, 4 failed"
    assert said in text
    running = start(*run, "--out", "ray.jsonl", "--engine", "ray", "--ray-address", cluster[0])
    shown = ""
    while "[1/" not in shown:  # the first is done
        line = running.stderr.readline()
        assert line, shown
        shown += line
    os.kill(actors(cluster[1], "AlignEntries")[0], signal.SIGKILL)
    code, text = finish(running)
    assert code == 1, text
    assert said in text
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    rows = [json.loads(line) for line in (tmp_path / "ray.jsonl").read_text().splitlines()]
    assert len({row["doc_id"] for row in rows}) == len(rows) == count
    failed = {row["doc_id"]: row["error"] for row in rows if row["status"] == "error"}
    assert failed.keys() == {
        "store/cut.k.safetensors",
        f"file://{tmp_path}/parquet/cut.k.parquet",
        "gone.k",
        "stranger",
    }
    assert "encode the clip again" in failed.pop("stranger")
    assert all("can't be read" in error for error in failed.values())
    assert all(error in shown + text for error in failed.values())


@needs_ray
@pytest.mark.slow
def test_a_killed_encoder_loses_nothing(tmp_path, start, cluster):
    clips = demo_clips()
    (tmp_path / "clips").mkdir()
    for number in range(6):
        shutil.copy(clips[number % 2].path, tmp_path / "clips" / f"clip{number}.mp4")
    run = ["encode", "clips", "--model", "body", "--fps", 8, "--end", 1.5]
    code, text = locally(tmp_path, *run, "--out", "local", "--quiet")
    assert code == 0, text
    whole = contents(Store(tmp_path / "local"))
    running = start(*run, "--out", "ray", "--engine", "ray", "--ray-address", cluster[0])
    store = Store(tmp_path / "ray")
    wait_for(lambda: list(store), by=running)
    [worker, *_] = wait_for(lambda: actors(cluster[1], "EncodeClips", at_work=True), by=running)
    os.kill(worker, signal.SIGKILL)
    assert len(list(store)) < 6  # it was in mid-run
    code, text = finish(running)
    assert code == 0, text
    assert "0 failed" in text
    assert contents(store) == whole
    assert len(whole) == 6


@needs_ray
@pytest.mark.slow
def test_a_cluster_that_is_gone_is_said_to_be(tmp_path, start, home):
    (tmp_path / "clips").mkdir()
    for number in range(6):
        shutil.copy(demo_clips()[0].path, tmp_path / "clips" / f"clip{number}.mp4")
    with two_nodes(home) as (address, holder):
        running = start(
            "encode", "clips", "--model", "body", "--out", "store", "--engine", "ray",
            "--ray-address", address, RAY_gcs_rpc_server_reconnect_timeout_s=20,
        )  # fmt: skip
        wait_for(lambda: actors(holder, "EncodeClips", at_work=True), by=running)
        for kind in ("gcs_server", "raylet/raylet", "EncodeClips"):
            for process in actors(holder, kind):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        code, text = finish(running)
    assert code == 1, text
    assert f"warning: The Ray cluster's head {address} does not answer; unless it" in text


@needs_ray
@pytest.mark.slow
def test_memory_stays_bounded_and_frames_stay_out_of_the_object_store(
    tmp_path, start, cluster, colour_model, long_clip
):
    assert LONG * 640 * 360 * 3 > 15 * OBJECT_STORE
    running = start(
        "encode", long_clip, "--model", colour_model, "--fps", "all",
        "--out", "file://" + str(tmp_path / "parquet"), "--engine", "ray",
        "--ray-address", cluster[0],
    )  # fmt: skip
    peak = 0
    while running.poll() is None:
        for pid in actors(cluster[1], "EncodeClips"):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            if "VmHWM:" in status:  # an actor that has just ended has no memory any more
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]) // 1024)
        time.sleep(0.1)
    code, text = finish(running)
    assert code == 0, text
    assert 50 < peak < 800, f"{peak} MB"
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(tmp_path / "parquet").to_table()
    assert table.num_rows == LONG
    assert set(table.column("clip_id").to_pylist()) == {"long"}
    rows = np.stack(table.column("embedding").to_numpy())
    np.testing.assert_allclose(rows[0], [1, -1, -1], atol=0.05)  # red
    np.testing.assert_allclose(rows[-1], [-1, 1, -1], atol=0.05)  # green: frames 2100 to 2399


@needs_ray
@pytest.mark.slow
def test_a_clip_that_always_kills_its_encoder_is_a_failed_row(
    tmp_path, start, cluster, colour_model, long_clip
):
    running = start(
        "encode", long_clip, "--model", colour_model, "--fps", "all", "--out", "store",
        "--engine", "ray", "--ray-address", cluster[0],
    )  # fmt: skip
    while running.poll() is None:
        for pid in actors(cluster[1], "EncodeClips", at_work=True):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    code, text = finish(running)
    assert code == 1
    assert "The encoder's process died 3 times at the clip 'long'" in text
    assert "0 encoded, 0 encoded before, 1 failed" in text


@needs_ray
@pytest.mark.slow
def test_a_model_that_ends_every_process_that_loads_it_ends_the_run(
    tmp_path, start, cluster, colour_model, home
):
    deadly = save_deadly_model(home / "model")
    load = f"from actalign.encoders._load import load_encoder; load_encoder({str(deadly)!r})"
    if subprocess.run([sys.executable, "-c", load], check=False).returncode != -signal.SIGFPE:
        pytest.skip("this processor does not trap an integer overflow in a division")
    (tmp_path / "model").symlink_to(colour_model)  # whole here, not on the other machines
    render(tmp_path / "clip.mp4", ["red", "green"])
    running = start(
        "encode", "clip.mp4", "--model", "~/model", "--out", "store", "--engine", "ray",
        "--ray-address", cluster[0], HOME=str(tmp_path),
    )  # fmt: skip
    code, text = finish(running)
    assert code == 1
    assert "The model ~/model killed 3 processes that loaded it, the last by SIGFPE" in text
    assert text.count("error: ") == 1
    assert "(raylet)" not in text  # Ray's own report of the deaths, which it prints on stdout


@needs_ray
@pytest.mark.parametrize("host", ["127.0.0.1", "ray://127.0.0.1", "nowhere.invalid"])
def test_an_address_where_no_cluster_listens_is_refused(tmp_path, start, colour_model, host):
    render(tmp_path / "clip.mp4", ["red"])
    with socket.socket() as free:  # bound, not listening: nobody else gets it meanwhile
        free.bind(("127.0.0.1", 0))
        address = f"{host}:{free.getsockname()[1]}"
        running = start(
            "encode", "clip.mp4", "--model", colour_model, "--out", "store", "--engine", "ray",
            "--ray-address", address,
        )  # fmt: skip
        code, text = finish(running)
    assert code == 2, text
    assert f"error: The Ray cluster {address} can't be used (" in text
    assert "check its address." in text
    assert len(text.splitlines()) == 1


@needs_ray
@pytest.mark.slow  # ten seconds are given to one that says nothing
@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_an_address_where_something_else_listens_is_refused(tmp_path, start, colour_model, answer):
    render(tmp_path / "clip.mp4", ["red"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        running = start(
            "encode", "clip.mp4", "--model", colour_model, "--out", "store", "--engine", "ray",
            "--ray-address", address,
        )  # fmt: skip
        with server.accept()[0] as link:
            link.sendall(answer)
            code, text = finish(running)
    assert code == 2, text
    assert text == (
        f"error: The Ray cluster {address} can't be used (what listens there is not a Ray "
        "cluster); check its address.\n"
    )


@needs_ray
@pytest.mark.slow
def test_a_cluster_of_its_own_listens_on_loopback_only(tmp_path, start, colour_model):
    render(tmp_path / "clip.mp4", ["red", "green", "blue"] * 5)
    words = ["encode", "clip.mp4", "--model", colour_model, "--out", "store", "--engine", "ray"]
    running = start(*words)
    seen = set()
    while running.poll() is None:
        seen |= listening(running.pid)
        time.sleep(0.2)
    code, text = finish(running)
    assert code == 0, text
    assert "1 encoded" in text
    assert seen
    assert seen <= {"127.0.0.1", "::1", "::ffff:7f00:1"}


def test_stored_clips_are_scored_where_they_are_without_an_encoder(
    tmp_path, monkeypatch, colour_model
):
    monkeypatch.chdir(tmp_path)
    videos = {f"clip{n}": render(tmp_path / f"clip{n}.mp4", COLOURS[n]) for n in range(2)}
    encoder, sampling = load_encoder(str(colour_model)), Sampling()
    stored = list(embed_videos(encoder, videos, sampling=sampling, store=Store("store")))
    scripts = {"first red": ["red", "green"], "first green": ["green", "red"]}
    candidates = Candidates.resolve(
        None, as_scripts(scripts), info=encoder.info, texts=TextCache(encoder.info, lambda: encoder)
    )
    scoring = RowScoring(candidates, top_k=1, window=1.0)
    actor = EncodeClips(
        Work(
            model=EncoderChoice("nowhere"),
            begun=None,
            fingerprint=encoder.info.fingerprint,
            sampling=sampling,
            folder=str(tmp_path),
            store="store",
            silent_seconds=60,
            decoders=1,
            scoring=scoring,
        )
    )
    asked = [[n, name, str(path)] for n, (name, path) in enumerate(videos.items())]
    found = [json.loads(one) for one in actor.outcomes(json.dumps(asked))]
    assert [(one["n"], one["state"]) for one in found] == [(0, "cached"), (1, "cached")]
    assert [one["rows"] for one in found] == [scoring.rows(one) for one in stored]
    assert len(found[0]["rows"]) == 2  # windows


def node(cpus, gpus=0, alive=True):
    return {"Alive": alive, "Resources": {"CPU": cpus, "GPU": gpus}}


@pytest.mark.parametrize(
    ("nodes", "asked", "fitting"),
    [
        ([node(8), node(4)], {}, (12, 1)),
        ([node(8), node(4)], {"num_actors": 3}, (3, 4)),
        ([node(8), node(4)], {"num_actors": 1}, (1, 8)),
        ([node(16, 4), node(32)], {"num_gpus": 1.0}, (4, 4)),
        ([node(16, 1)], {"num_gpus": 0.5}, (2, 8)),
        ([node(16), node(2, alive=False)], {"num_actors": 2}, (2, 8)),
    ],
)
def test_actors_and_their_processors_fill_the_cluster(nodes, asked, fitting):
    assert fit(nodes, RayCluster(**asked)) == fitting


@pytest.mark.parametrize("asked", [{"num_actors": 13}, {"num_gpus": 1.0}])
def test_more_actors_than_fit_are_refused(asked):
    with pytest.raises(UsageError, match="has room for"):
        fit([node(8), node(4)], RayCluster(**asked))


def test_flags_of_the_ray_engine_need_it():
    assert not EngineOptions().on_ray
    with pytest.raises(UsageError, match="need --engine ray"):
        EngineOptions("local", "auto")
    with pytest.raises(UsageError, match="choose local or ray"):
        EngineOptions("spark")
