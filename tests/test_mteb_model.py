"""Our encoders as a model inside mteb, run by mteb itself on a set that the test makes."""

import pytest

from tests.colour_clips import write_colours

mteb = pytest.importorskip("mteb")
datasets = pytest.importorskip("datasets")

pytestmark = [
    pytest.mark.slow,  # importing mteb takes longer than all else
    pytest.mark.filterwarnings("ignore"),  # mteb's own
]


def test_mteb_evaluates_a_zero_shot_set(tmp_path, colour_model):
    from mteb.abstasks.task_metadata import TaskMetadata
    from mteb.abstasks.zeroshot_classification import AbsTaskZeroShotClassification

    from actalign.errors import UsageError
    from actalign.evaluation.mteb_model import FrameEncoder

    names = ["red", "green", "blue"]
    rows = []
    for n, colour in enumerate(["red", "green", "blue", "red"]):
        data = write_colours(tmp_path / f"{n}.mp4", [colour]).read_bytes()
        label = names.index(colour) if n < 3 else 1  # the last is labelled wrongly
        rows.append({"video": {"bytes": data, "path": None}, "label": label})
    features = datasets.Features(
        {"video": datasets.Video(decode=False), "label": datasets.ClassLabel(names=names)}
    )

    class Colours(AbsTaskZeroShotClassification):
        metadata = TaskMetadata(
            name="ColoursZeroShot",
            description="Plain colours.",
            dataset={"path": "none", "revision": "1"},
            type="VideoZeroshotClassification",
            category="v2t",
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="accuracy",
            modalities=["video", "text"],
        )
        input_column_name = "video"

        def load_data(self, **_):
            self.dataset = {"test": datasets.Dataset.from_list(rows, features=features)}
            self.data_loaded = True

        def get_candidate_labels(self):
            return [f"a video of {name}" for name in names]

    model = FrameEncoder(str(colour_model))
    found = mteb.evaluate(model, Colours(), cache=None, show_progress_bar=False)
    [task] = found.task_results
    assert task.scores["test"][0]["accuracy"] == 0.75
    assert found.model_name == "actalign/model"
    with pytest.raises(UsageError, match="one vector can't stand for both"):
        model.encode([{"text": ["a"], "video": ["b"]}])
    with pytest.raises(UsageError, match="given as int"):
        model.encode([{"video": [3]}])
