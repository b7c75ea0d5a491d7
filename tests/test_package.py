"""What importing costs, and which way imports go."""

import ast
import resource
import subprocess
import sys
from pathlib import Path

import actalign

SOURCE = Path(actalign.__file__).parent

# A module may import from its own layer and the ones before it, when it is itself imported.
LAYERS = [
    {"_types", "errors", "atomic", "cores", "__init__"},
    {"figure_style"},
    {
        "video",
        "decoding",
        "decode_limits",
        "similarity",
        "alike",
        "alignment",
        "alignment_torch",
        "affinity_pass",
        "lanes",
        "recurrence",
        "subsequence",
        "encoder",
        "subactions",
        "store",
        "parquet_store",
    },
    {
        "preprocessing",
        "scoring",
        "onnx",
        "export",
        "siglip",
        "checkpoint",
        "tower_stream",
        "vision_tower",
        "vision_kernels",
        "resize_triton",
        "body",
        "body_pose",
        "body_features",
        "body_text",
    },
    {
        "ahead",
        "pipeline",
        "shards",
        "prediction",
        "encoded_candidates",
        "stored_clips",
        "classifier",
        "figures",
        "figure_parts",
        "progress",
        "demo",
        "localization",
        "windows",
        "live",
        "source",
    },
    {"generation", "llm", "llm_batch", "script_bank", "shipped_scripts", "local_chat"},
    {"ray_cluster", "ray_loading"},
    {"ray_engine", "ray_align", "evaluation", "atlas", "export_projects", "exports"},
    {
        "cli",
        "cli_options",
        "cli_output",
        "cli_eval",
        "cli_subactions",
        "cli_align",
        "cli_long",
        "finds",
    },
    {"doctor"},
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
    layer_of = {name: level for level, names in enumerate(LAYERS) for name in names}
    for path in SOURCE.rglob("*.py"):
        own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if own not in layer_of:
            continue
        for name in imports_of(path):
            assert layer_of.get(name, 0) <= layer_of[own], f"{path} imports {name}, a later layer"


def test_import_loads_numpy_only_and_quickly():
    code = (
        "import sys, time; start = time.process_time(); import actalign;"
        "spent = time.process_time() - start;"
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
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run(
            [sys.executable, "-m", "actalign", "--help"], capture_output=True, text=True, check=True
        )
        # Processor time, so that a busy machine does not decide.
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert "classify" in run.stdout
    assert best < 1.0


def test_every_public_name_can_be_had():
    for name in actalign.__all__:
        assert getattr(actalign, name) is not None
    assert set(actalign.__all__) <= set(dir(actalign))
