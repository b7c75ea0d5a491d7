"""A real exported dual encoder whose answers a reader can work out by hand.

Its image tower is the mean colour of a frame, from -1 to 1 in red, green and blue; its text tower
adds the colours of the words it knows. A red frame and the text "red" have cosine 1, a red frame
and "green" have cosine -1/3.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

COLOURS = {
    "red": (1, -1, -1),
    "green": (-1, 1, -1),
    "blue": (-1, -1, 1),
    "yellow": (1, 1, -1),
    "white": (1, 1, 1),
    "black": (-1, -1, -1),
}
RGB = {name: tuple(255 if part > 0 else 0 for part in parts) for name, parts in COLOURS.items()}


def save_colour_model(folder: Path) -> Path:
    """Write image.onnx, text.onnx, tokenizer.json and config.json into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    image = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["image_embeds"]),
        ],
        "image",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", 3])],
    )
    table = np.zeros((len(COLOURS) + 2, 3), np.float32)
    table[2:] = list(COLOURS.values())
    text = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["words"]),
            helper.make_node("ReduceSum", ["words", "axis"], ["text_embeds"], keepdims=0),
        ],
        "text",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["k", 16])],
        [helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, ["k", 3])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    for name, graph in {"image": image, "text": text}.items():
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{name}.onnx")
    vocabulary = {"[PAD]": 0, "[UNK]": 1, **{word: i + 2 for i, word in enumerate(COLOURS)}}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(
        """{"image": {"resize": [8, 8], "resample": "bilinear",
            "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
            "text": {"max_length": 16, "pad_id": 0},
            "logit_scale": 2.302585, "logit_bias": -5.0}""",
        encoding="utf-8",
    )
    return folder


def save_deadly_model(folder: Path) -> Path:
    """The same, but opening image.onnx divides -2**63 by -1, which x86 answers with SIGFPE."""
    save_colour_model(folder)
    model = onnx.load(folder / "image.onnx")
    for name, number in (("lowest", -(2**63)), ("minus_one", -1)):
        model.graph.initializer.append(numpy_helper.from_array(np.array([number]), name))
    model.graph.node.append(helper.make_node("Div", ["lowest", "minus_one"], ["too_high"]))
    model.graph.output.append(helper.make_tensor_value_info("too_high", TensorProto.INT64, [1]))
    onnx.save(model, folder / "image.onnx")
    return folder
