"""Where a model's files come from: pinned on the hub, and never a way to run somebody's code."""

import json
import pickle
import shutil
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from actalign.clips._store import read_entry
from actalign.encoders import load_encoder
from actalign.encoders._checkpoint import split_revision
from actalign.encoders._onnx import OnnxConfig
from actalign.errors import EncoderError
from tests.atlas_world import render
from tests.command import DEADLOCK_SECONDS
from tests.test_cli_eval import question
from tests.tiny_hub import hub_environment, tiny_hub
from tests.tiny_models import make_siglip

OLD = "0123456789abcdef0123456789abcdef01234567"
NEW = "89abcdef0123456789abcdef0123456789abcdef"

EVIL = """
from pathlib import Path
Path({marker!r}).write_text("ran")
class Evil:
    @classmethod
    def from_pretrained(cls, *_, **__): return cls()
    @classmethod
    def register_for_auto_class(cls, *_): pass
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_siglip(tmp_path_factory.mktemp("model") / "siglip")


class Marked:
    """Unpickling one writes the marker, as any code could."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return eval, (f"open({str(self.marker)!r}, 'w').close()",)


def test_a_folder_with_a_pickle_only_is_refused_in_one_sentence(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Marked(tmp_path / "ran")))
    with pytest.raises(EncoderError) as caught:
        load_encoder(str(folder))
    assert str(caught.value) == (
        f"{folder} has no weights in safetensors format (model.safetensors); other formats aren't "
        "read because loading them can run code."
    )
    assert not (tmp_path / "ran").exists()


def test_pickles_beside_the_weights_are_not_read(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    for name in ("pytorch_model.bin", "tokenizer.pkl", "training_args.bin", "tf_model.h5"):
        (folder / name).write_bytes(pickle.dumps(Marked(tmp_path / "ran")))
    assert (
        load_encoder(str(folder)).info.fingerprint == load_encoder(str(checkpoint)).info.fingerprint
    )
    assert not (tmp_path / "ran").exists()
    pickle.loads((folder / "pytorch_model.bin").read_bytes())
    assert (tmp_path / "ran").exists()  # so it would have been seen


def test_an_adapter_is_refused_since_it_names_other_weights(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "somebody/else"}')
    with pytest.raises(EncoderError, match=r"contains adapter_config.json; merge the adapter"):
        load_encoder(str(folder))


@pytest.mark.slow
def test_code_that_a_config_names_never_runs_even_if_a_person_says_yes(checkpoint, tmp_path):
    marker = tmp_path / "ran"
    known = shutil.copytree(checkpoint, tmp_path / "known")
    unknown = shutil.copytree(checkpoint, tmp_path / "unknown")
    for folder, kind in ((known, "SiglipTokenizer"), (unknown, "EvilTokenizer")):
        (folder / "evil.py").write_text(EVIL.format(marker=str(marker)))
        named = {
            "config.json": ("AutoConfig", "AutoModel"),
            "tokenizer_config.json": ("AutoTokenizer",),
            "preprocessor_config.json": ("AutoImageProcessor", "AutoProcessor"),
        }
        for name, autos in named.items():
            fields = json.loads((folder / name).read_text())
            fields["auto_map"] = dict.fromkeys(autos, "evil.Evil")
            if name == "tokenizer_config.json":
                fields["tokenizer_class"] = kind
                fields["auto_map"] = {"AutoTokenizer": [None, "evil.Evil"]}
            (folder / name).write_text(json.dumps(fields))
    chat = tmp_path / "chat"
    chat.mkdir()
    (chat / "evil.py").write_text(EVIL.format(marker=str(marker)))
    autos = {f"Auto{kind}": "evil.Evil" for kind in ("Config", "ModelForCausalLM")}
    (chat / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": autos}))
    (chat / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": {"AutoTokenizer": [None, "evil.Evil"]}})
    )
    program = """
        import sys
        from actalign.encoders import load_encoder
        from actalign.errors import ActAlignError
        from actalign.scripts._llm import LLMConfig
        from actalign.scripts._local import LocalChat

        known, unknown, chat = sys.argv[1:]
        print(load_encoder(known).encode_text(["knees bent"]).shape)
        for load in (
            lambda: load_encoder(unknown),
            lambda: LocalChat(LLMConfig(model="chat", local_model=chat)),
        ):
            try:
                print(load())
            except ActAlignError as error:
                print("refused:", error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), known, unknown, chat],
        input="y\n" * 20,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "[y/N]" not in done.stdout  # nobody is asked
    assert lines[0] == "(1, 32)"
    assert [line.split(":")[0] for line in lines[1:]] == ["refused", "refused"]
    assert not marker.exists()


class TestRevision:
    def test_is_written_behind_an_at_sign(self):
        assert split_revision("tiny/siglip") == ("tiny/siglip", None)
        assert split_revision(f"tiny/siglip@{OLD}") == ("tiny/siglip", OLD)
        assert split_revision("tiny/siglip@refs/pr/1") == ("tiny/siglip", "refs/pr/1")
        assert split_revision("tiny/siglip", "v1") == ("tiny/siglip", "v1")
        with pytest.raises(EncoderError, match="names no revision"):
            split_revision("tiny/siglip@")
        with pytest.raises(EncoderError, match="two revisions"):
            split_revision("tiny/siglip@v1", "v2")

    def test_a_folder_may_have_the_sign_in_its_name(self, checkpoint, tmp_path):
        folder = shutil.copytree(checkpoint, tmp_path / "siglip@home")
        encoder = load_encoder(str(folder))
        assert (encoder.info.model_id, encoder.info.revision) == (str(folder), None)

    @pytest.mark.slow
    def test_every_result_names_the_commit_that_was_used(self, checkpoint, tmp_path):
        newer = shutil.copytree(checkpoint, tmp_path / "newer")
        fields = json.loads((newer / "preprocessor_config.json").read_text())
        (newer / "preprocessor_config.json").write_text(json.dumps({**fields, "resample": 2}))
        orders = [["red", "green"], ["green", "red"]]
        atlas = tmp_path / "atlas"
        clip = render(atlas / "clips" / "q0.mp4", orders[0])
        one = question(0, orders[0], orders, 0, "order-only")
        (atlas / "questions.jsonl").write_text(json.dumps(one) + "\n")
        program = """
            import json, sys
            from pathlib import Path
            from typer.testing import CliRunner
            from actalign.cli._main import app
            from actalign.encoders._export import export_onnx

            clip, atlas, old = sys.argv[1:]
            def run(*flags, says=None):
                done = CliRunner().invoke(app, [*flags, "--quiet"])
                assert done.exit_code in (0, 1, 2), done.exception
                if says:
                    assert done.stdout, (flags, done.exception)
                    Path(says).write_text(done.stdout.splitlines()[-1])
                return [done.exit_code, str(done.exception)]

            def classify(model, out):
                return run("classify", clip, "--labels", "red,green", "--model", model,
                           "--store", "store-" + out, "--out", out)

            export_onnx("tiny/siglip@v1", "exported")
            print(json.dumps({
                "tag": classify("tiny/siglip@v1", "tag.jsonl"),
                "main": classify("tiny/siglip", "main.jsonl"),
                "none": classify("tiny/siglip@v9", "none.jsonl"),
                "encode": run("encode", clip, "--model", "tiny/siglip@" + old, "--out", "entries"),
                "eval": run("eval", "clips", atlas, "--out", "run",
                            "--model", "tiny/siglip@v1"),
                "onnx": classify("exported", "onnx.jsonl"),
                "live": run("live", clip, "--labels", "red,green", "--model", "tiny/siglip@v1",
                            "--json", says="live.jsonl"),
                "locate": run("locate", clip, "--labels", "red", "--model", "tiny/siglip@v1",
                              "--threshold", "0", "--json", says="locate.jsonl"),
            }))
        """
        with tiny_hub({OLD: checkpoint, NEW: newer}, main=NEW, v1=OLD) as port:
            done = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(program), clip, atlas, OLD],
                env=hub_environment(port, tmp_path),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=DEADLOCK_SECONDS,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout.splitlines()[-1])

        rows = {
            name: json.loads((tmp_path / f"{name}.jsonl").read_text())
            for name in ("tag", "main", "onnx", "live", "locate")
        }
        for name in ("live", "locate"):
            assert rows[name]["provenance"]["model_revision"] == OLD
        for name, commit in {"tag": OLD, "main": NEW, "onnx": OLD}.items():
            assert rows[name]["provenance"]["model_revision"] == commit
            assert rows[name]["settings"]["model_revision"] == commit
        assert rows["tag"]["model_id"] == rows["main"]["model_id"] == "tiny/siglip"
        assert rows["tag"]["fingerprint"] == load_encoder(str(checkpoint)).info.fingerprint
        assert rows["tag"]["fingerprint"] != rows["main"]["fingerprint"]

        (entry,) = (read_entry(path) for path in (tmp_path / "entries").rglob("*.safetensors"))
        assert entry.provenance["model_revision"] == OLD
        assert json.loads((tmp_path / "run/results.json").read_text())["model_revision"] == OLD
        exported = OnnxConfig.model_validate_json((tmp_path / "exported/config.json").read_bytes())
        assert (exported.source, exported.revision) == ("tiny/siglip", OLD)

        code, told = answers.pop("none")
        assert code == 1
        assert "The model 'tiny/siglip@v9' is not available from the hub" in told
        assert "\n" not in told
        assert {code for code, _ in answers.values()} == {0}
        assert not (tmp_path / "none.jsonl").exists()
