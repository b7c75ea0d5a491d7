"""Towers as the files of the encoder, and back again."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from actalign.encoders.body._features import FEATURE_VERSION
from actalign.encoders.body._text import MAX_TOKENS
from actalign.files import write_text
from training.log import Log
from training.model import DIM, Towers

FPS, SMOOTHING_SECONDS = 10.0, 0.3
HALF = ".half"  # ends the name of weights that the file holds in 16 bits


def start_from(towers: Towers, folder: Path) -> None:
    """Give the towers the weights that this program exported into a folder."""
    import onnx

    def read(file: Path) -> tuple[dict[str, Tensor], list[str]]:
        graph = onnx.load(str(file)).graph
        found = {
            tensor.name.removesuffix(HALF): torch.from_numpy(
                onnx.numpy_helper.to_array(tensor).copy()
            ).float()
            for tensor in graph.initializer
        }
        return found, [n.input[1] for n in graph.node if n.op_type == "MatMul"]

    towers.image.load_state_dict(read(folder / "image.onnx")[0])
    found, products = read(folder / "text.onnx")
    # The exporter turns weights that meet (N, L, W) inputs round and renames them, in order.
    turned = [found.pop(name).T for name in products if name in found]
    state = towers.text.state_dict()
    towers.text.load_state_dict(
        {name: found[name] if name in found else turned.pop(0) for name in state}
    )
    config = json.loads((folder / "config.json").read_text())
    with torch.no_grad():
        towers.scale.fill_(config["logit_scale"])
        towers.bias.fill_(config["logit_bias"])


def halve(file: Path) -> None:
    """Store a model's matrices in 16 bits, half the size; it computes in 32 bits as before."""
    import onnx

    model = onnx.load(str(file))
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 1:
            name = tensor.name
            half = onnx.numpy_helper.to_array(tensor).astype("float16")
            tensor.CopyFrom(onnx.numpy_helper.from_array(half, name + HALF))
            casts.append(onnx.helper.make_node("Cast", [name + HALF], [name], to=1))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


@torch.no_grad()
def export(towers: Towers, folder: Path, measured: dict[str, dict[str, float]], log: Log) -> None:
    """Write image.onnx, text.onnx and config.json; check them against torch."""
    import onnxruntime

    towers.eval().float()
    folder.mkdir(parents=True, exist_ok=True)
    features = torch.randn(5, len(towers.image.mean)) * towers.image.std + towers.image.mean
    vectors = torch.randn(1, 9, 256)
    for name, model, example, axes in (
        ("image", towers.image, features, {0: "frames"}),
        ("text", towers.text, vectors, {1: "tokens"}),
    ):
        source = "features" if name == "image" else "vectors"
        partial = folder / f"{name}.onnx.part"
        torch.onnx.export(
            model, (example,), str(partial), input_names=[source], output_names=["embedding"],
            dynamic_axes={source: axes} | ({"embedding": {0: "frames"}} if name == "image" else {}),
            opset_version=17, dynamo=False,
        )  # fmt: skip
        halve(partial)
        partial.replace(folder / f"{name}.onnx")
        session = onnxruntime.InferenceSession(
            str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"]
        )
        worst = 1.0
        for size in (1, 2, 17, 48):
            shape = (size, example.shape[1]) if name == "image" else (1, size, 256)
            test = torch.randn(shape) * (towers.image.std if name == "image" else 1.0)
            ours = session.run(None, {source: test.numpy()})[0]
            worst = min(worst, float((torch.from_numpy(ours) * model(test)).sum(-1).min()))
        size = (folder / f"{name}.onnx").stat().st_size / 1e6
        log(f"{name}.onnx: {size:.2f} MB, cosine with torch at least {worst:.6f}")
    config = {
        "format": 1,
        "dim": DIM,
        "logit_scale": float(towers.scale),
        "logit_bias": float(towers.bias),
        "feature_version": FEATURE_VERSION,
        "features": len(towers.image.mean),
        "max_tokens": MAX_TOKENS,
        "fps": FPS,
        "smoothing_seconds": SMOOTHING_SECONDS,
        "step_template": "{step}",
        "label_template": "{label}",
        "measured": measured,
    }
    write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
