"""What importing costs, and which way imports go."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import actalign

SOURCE = Path(actalign.__file__).parent

# A module may import from the groups before its own only.
LAYERS = [
    {"_types", "errors", "__init__"},
    {"video", "similarity", "alignment", "encoder", "subactions", "store"},
    {"scoring"},
    {"pipeline", "prediction", "classifier", "figures", "progress"},
]


def imports_of(path):
    """The modules of this package that a file imports when it is itself imported."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("actalign"):
            parts = (node.module or "").split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


def test_imports_go_one_way():
    allowed: set[str] = set()
    for layer in LAYERS:
        for name in sorted(layer):
            path = SOURCE / f"{name}.py"
            later = {m for later in LAYERS[LAYERS.index(layer) + 1 :] for m in later}
            assert not imports_of(path) & later, f"{name} imports from a later layer"
        allowed |= layer


def test_import_loads_numpy_only_and_quickly():
    code = (
        "import sys, time; start = time.perf_counter(); import actalign;"
        "spent = time.perf_counter() - start;"
        "heavy = {'numba', 'av', 'onnxruntime', 'matplotlib', 'pydantic', 'typer', 'rich', 'torch',"
        " 'transformers', 'mediapipe', 'pyarrow'};"
        "print(spent, sorted(heavy & set(sys.modules)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    spent = min(float(run.stdout.split()[0]) for run in runs)
    assert runs[0].stdout.split(maxsplit=1)[1].strip() == "[]"
    assert spent < 0.3


def test_help_answers_within_a_second():
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-m", "actalign", "--help"], capture_output=True, text=True, check=True
        )
        best = min(best, time.perf_counter() - start)
    assert "classify" in run.stdout
    assert best < 1.0


def test_every_public_name_can_be_had():
    for name in actalign.__all__:
        assert getattr(actalign, name) is not None
    assert set(actalign.__all__) <= set(dir(actalign))
