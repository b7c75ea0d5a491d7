"""`actalign models`: what can be had here, without asking anyone."""

import json
import subprocess
import sys

import pytest

from actalign.encoders._catalogue import MODELS
from actalign.encoders._vision_shape import VisionShape
from tests.command import actalign

BASE = "google/siglip-base-patch16-224"


def listed(**environment):
    ended = actalign("models", "--json", **environment)
    assert ended.returncode == 0
    return {row["model"]: row for row in json.loads(ended.stdout)}


def test_cached_models_have_a_size_and_others_none(tmp_path):
    folder = tmp_path / f"models--{BASE.replace('/', '--')}" / "snapshots" / "0123"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(1_500_000))
    (folder / "config.json").write_bytes(b"{}")
    rows = listed(HF_HUB_CACHE=tmp_path)
    assert rows["body"]["where"] == "built in"
    if "needs" not in rows[BASE]["where"]:
        assert rows[BASE]["where"] == "cached"
    assert rows[BASE]["size_mb"] == 1.5
    assert rows["google/siglip2-base-patch16-224"]["size_mb"] is None
    assert sum(row["recommended"] for row in rows.values()) == 1


def test_costs_follow_the_arithmetic_and_the_frames(tmp_path):
    rows = listed(HF_HUB_CACHE=tmp_path)
    small, large = rows[BASE], rows["google/siglip-so400m-patch14-384"]
    ratio = large["gflop_per_row"] / small["gflop_per_row"]
    seconds = large["least_seconds_per_clip"] / small["least_seconds_per_clip"]
    assert seconds == pytest.approx(ratio, rel=0.02)
    windows = rows["microsoft/xclip-base-patch32"]
    assert windows["frames_per_row"] == 8
    assert rows["body"]["least_seconds_per_clip"] is None


def test_arithmetic_is_what_torch_counts():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from torch.utils.flop_counter import FlopCounterMode

    counted = []
    for layers in (1, 4):  # the difference is of three blocks, without patches and pooling
        config = transformers.SiglipVisionConfig(
            hidden_size=96, intermediate_size=160, num_hidden_layers=layers, image_size=112,
            patch_size=16, num_attention_heads=2, attn_implementation="eager",
        )  # fmt: skip
        tower = transformers.SiglipVisionModel(config).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            tower(torch.zeros(1, 3, 112, 112))
        counted.append(counter.get_total_flops())
    assert VisionShape(49, 96, 3, 160).gflop * 1e9 == pytest.approx(counted[1] - counted[0])


def test_the_page_and_the_list_name_the_same_models():
    from pathlib import Path

    page = (Path(__file__).parents[1] / "docs" / "models.md").read_text()
    for model in MODELS:
        assert f"`{model.name}`" in page
        if model.gflop_per_row is not None:
            printed = float(f"{model.gflop_per_row:.3g}")  # as `actalign models --json` has it
            assert f"| {printed:.0f} |" in page
    assert "`actalign models`" in page


def test_without_the_extra_body_the_list_still_comes():
    hide = "import sys; sys.modules.update(onnxruntime=None, tokenizers=None)"
    program = f"{hide}; from actalign.encoders._catalogue import body_fetched as b; print(b())"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("False\n", "")
