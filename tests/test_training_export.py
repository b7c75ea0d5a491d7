"""The files that training writes of the `body` encoder's towers."""

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from training.export import export, start_from  # noqa: E402
from training.model import Towers  # noqa: E402


def _towers(features: int) -> Towers:
    torch.manual_seed(0)
    return Towers(torch.zeros(features), torch.ones(features))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_exported_towers_hold_their_matrices_in_16_bits_and_read_back(tmp_path):
    towers = _towers(11)
    with torch.no_grad():  # weights that are equal would be written once
        for weights in towers.parameters():
            weights += 0.01 * torch.randn_like(weights)
    export(towers, tmp_path, {}, print)
    graph = onnx.load(str(tmp_path / "text.onnx")).graph
    large = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT and t.dims[1:]]
    assert not large
    back = _towers(11)
    start_from(back, tmp_path)
    for name, value in towers.state_dict().items():
        assert torch.allclose(back.state_dict()[name], value, atol=2e-3), name
    rows, words = torch.randn(9, 11), torch.randn(2, 6, 256)
    with torch.no_grad():
        for ours, theirs in (
            (towers.image.eval()(rows), back.image.eval()(rows)),
            (towers.text.eval()(words), back.text.eval()(words)),
        ):
            assert float((ours * theirs).sum(-1).min()) > 0.9999
