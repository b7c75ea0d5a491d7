"""Encoders of a user's own: with the methods that the documentation asks for, and with faults."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from actalign import ActAlign, ClipEncoder, EncoderInfo, WindowEncoder
from actalign.clips import Sampling, Store, _parts, embed_video, embed_videos
from actalign.encoders import load_encoder
from actalign.errors import EncoderError, UsageError, VideoError
from tests.colour_clips import write_colours
from tests.colour_model import COLOURS
from tests.media import write_video

SCRIPTS = {"go": ["red", "green"], "stop": ["green", "red"]}


class Texts:
    """What every encoder has: here, the colours that texts name."""

    info = EncoderInfo(
        model_id="own",
        fingerprint="own-1",
        dim=3,
        logit_scale=2.3,
        logit_bias=-5.0,
        smoothing_seconds=0.0,
        step_template="{step}",
    )

    def encode_text(self, texts):
        return np.array([COLOURS.get(text, (0, 0, 0)) for text in texts], np.float32)

    def text_warnings(self, texts):
        return []


def mean_colours(frames):
    return (frames.mean(axis=(1, 2)) / 127.5 - 1).astype(np.float32)


class Images(Texts):
    def encode_image(self, frames):
        return mean_colours(frames)


class Clips(Texts):
    def encode_clip(self, batches, *, block=None):
        for batch in batches:
            yield mean_colours(batch.frames)


class Windows(Texts):
    info = replace(Texts.info, frames_per_row=4, frames_between_rows=2)

    def encode_windows(self, windows):
        return mean_colours(windows[:, 0])


class Streams(Images):
    across_clips = True

    def encode_image_stream(self, blocks):
        for block in blocks:
            yield mean_colours(block)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [
        write_colours(folder / f"{name}.mp4", colours)
        for name, colours in (
            ("a", ["red", "green"]),
            ("black", ["black"]),
            ("b", ["green", "red"]),
        )
    ]


@pytest.mark.parametrize("kind", [Images, Clips, Windows, Streams])
def test_the_documented_methods_are_enough(kind, clips):
    model = ActAlign(kind())
    found = list(model.predict_many([clips[0], clips[2]], scripts=SCRIPTS))
    assert [one.label for one in found] == ["go", "stop"]
    assert model.predict(clips[2], scripts=SCRIPTS).label == "stop"


def test_the_kinds_are_told_by_their_methods():
    assert isinstance(Clips(), ClipEncoder)
    assert isinstance(Windows(), WindowEncoder)


def test_an_encoder_that_takes_no_frames_is_refused(clips):
    with pytest.raises(UsageError, match="own has no method that takes frames; add encode_im"):
        ActAlign(Texts()).predict(clips[0], scripts=SCRIPTS)


def wrong(rows, change):
    """One row too few or too many for a black picture; other pictures have the right number."""
    if not (rows < -0.5).all(axis=1).any():
        return rows
    return rows[:-1] if change < 0 else np.concatenate([rows, rows[-1:]])


def faulty(kind, change):
    class Faulty(kind):
        def encode_image(self, frames):
            return wrong(super().encode_image(frames), change)

        def encode_clip(self, batches, *, block=None):
            for rows in super().encode_clip(batches, block=block):
                yield wrong(rows, change)

        def encode_windows(self, windows):
            return wrong(super().encode_windows(windows), change)

        def encode_image_stream(self, blocks):
            for rows in super().encode_image_stream(blocks):
                yield wrong(rows, change)

    for name in [name for name in vars(Faulty) if name.startswith("encode_")]:
        if not hasattr(kind, name):
            delattr(Faulty, name)
    return Faulty()


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize("kind", [Images, Clips, Windows, Streams])
def test_a_wrong_number_of_rows_is_an_error_of_its_clip_only(kind, change, clips, tmp_path):
    model = ActAlign(faulty(kind, change), store=tmp_path / "store")
    first, failed, last = model.predict_many(clips, scripts=SCRIPTS)
    assert (first.label, last.label) == ("go", "stop")
    noun = "window" if kind is Windows else "frame"
    assert f"{noun}s; it must return one for each" in str(failed.error)
    for error in (EncoderError, VideoError):
        with pytest.raises(error, match=r"^The encoder own returned \d+ rows? for \d+ \w+;"):
            model.encode_video(clips[1])


def test_a_stream_encoder_that_leaves_blocks_is_told_so(clips):
    class Idle(Streams):
        def encode_image_stream(self, blocks):
            yield from ()

    first, *_ = ActAlign(Idle()).predict_many(clips, scripts=SCRIPTS)
    assert "returned 0 rows for" in str(first.error)


def test_a_clip_encoder_that_leaves_frames_is_told_so(clips):
    class Early(Clips):
        def encode_clip(self, batches, *, block=None):
            yield mean_colours(next(iter(batches)).frames)

    long = ActAlign(Early())
    with pytest.raises(EncoderError, match=r"rows? for 20 frames"):
        long.encode_video(clips[0])


@pytest.mark.parametrize(("rows", "said"), [(1, "1 row for 2 texts"), (3, "3 rows for 2 texts")])
def test_a_wrong_number_of_texts_rows_is_one_sentence(rows, said, clips):
    class Unequal(Images):
        def encode_text(self, texts):
            return np.zeros((rows, 3), np.float32)

    with pytest.raises(EncoderError, match=f"The encoder own returned {said}; it must return"):
        ActAlign(Unequal()).predict(clips[0], scripts=SCRIPTS)


@pytest.mark.parametrize("kind", [Images, Clips, Windows, Streams])
def test_rows_of_another_width_are_refused_and_never_stored(kind, clips, tmp_path):
    class Wide(kind):
        info = replace(kind.info, dim=4)

    wide, store = ActAlign(Wide(), store=tmp_path / "store"), tmp_path / "store"
    with pytest.raises(VideoError, match=r"shape \(\d+, 3\) for frames; it must return \(\d+, 4\)"):
        wide.encode_video(clips[0])
    assert not list(store.glob("*"))
    assert ActAlign(kind(), store=store).predict(clips[0], scripts=SCRIPTS).label == "go"
    with pytest.raises(EncoderError, match=r"shape \(2, 3\) for texts; it must return \(2, 4\)"):
        wide.encode_texts(["red", "green"])


def test_what_an_encoder_lacks_is_named():
    class Silent:
        info = Texts.info
        encode_text = Texts.encode_text

    with pytest.raises(UsageError, match="The encoder Silent has no text_warnings"):
        ActAlign(Silent())
    with pytest.raises(
        UsageError, match=r"is the class Images; give an instance of it.*Images\(\)"
    ):
        ActAlign(Images)
    del Silent.encode_text
    with pytest.raises(UsageError, match="The encoder Silent has no encode_text"):
        ActAlign(Silent())
    Silent.encode_text = Texts.encode_text
    Silent.text_warnings, Silent.info = Texts.text_warnings, None
    with pytest.raises(UsageError, match="info of the encoder Silent is None; give an "):
        ActAlign(Silent())


@pytest.mark.parametrize("count", ["frames_per_row", "frames_between_rows"])
def test_windows_without_a_frame_are_refused(count):
    class Endless(Windows):
        info = replace(Windows.info, **{count: 0})

    with pytest.raises(UsageError, match=f"{count} of the encoder own is 0; give a whole number"):
        ActAlign(Endless())


def test_an_encoder_that_returns_nothing_is_told_so(clips):
    class Nothing(Images):
        def encode_image(self, frames):
            return None

    [found] = ActAlign(Nothing()).predict_many([clips[0]], scripts=SCRIPTS)
    assert "returned 0 rows for " in str(found.error)

    class Speechless(Images):
        def encode_text(self, texts):
            return None

    with pytest.raises(EncoderError, match="The encoder own returned 0 rows for 2 texts; it must"):
        ActAlign(Speechless()).predict(clips[0], scripts=SCRIPTS)


@pytest.mark.parametrize("kind", [Clips, Windows, Streams])
def test_an_encoder_across_frames_that_returns_nothing_is_told_so(kind, clips):
    def nothing(given):
        for _ in given:
            yield None

    class Nothing(kind):
        def encode_clip(self, batches, *, block=None):
            return nothing(batches)

        def encode_windows(self, windows):
            return None

        def encode_image_stream(self, blocks):
            return nothing(blocks)

    for name in ("encode_clip", "encode_windows", "encode_image_stream"):
        if not hasattr(kind, name):
            delattr(Nothing, name)
    [found] = ActAlign(Nothing()).predict_many([clips[0]], scripts=SCRIPTS)
    assert "returned 0 rows for " in str(found.error)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda rows: np.full(rows.shape, "x"), "must be numbers in rows of one length"),
        (lambda rows: rows + 1j, "must be real numbers, not complex ones"),
    ],
)
def test_rows_that_are_no_numbers_are_an_error_of_their_clip(changed, said, clips):
    class Wrong(Images):
        def encode_image(self, frames):
            rows = super().encode_image(frames)
            return changed(rows) if (rows < -0.5).all() else rows

    first, failed, _ = ActAlign(Wrong()).predict_many(clips, scripts=SCRIPTS)
    assert first.label == "go"
    assert f"What the encoder own returns for frames {said}" in str(failed.error)


def test_tensors_that_numpy_cannot_read_are_named(clips):
    torch = pytest.importorskip("torch")

    class Learning(Images):
        def encode_text(self, texts):
            return torch.tensor(super().encode_text(texts), requires_grad=True)

    with pytest.raises(EncoderError, match=r"own returns for texts must be .*requires grad"):
        ActAlign(Learning()).predict(clips[0], scripts=SCRIPTS)


def test_texts_rows_of_nan_are_named_and_never_kept(clips, tmp_path):
    class Unknowing(Images):
        def encode_text(self, texts):
            return np.where(np.array(texts)[:, None] == "green", np.nan, super().encode_text(texts))

    store = tmp_path / "store"
    with pytest.raises(EncoderError, match="own returned NaN or infinity for the text 'green'"):
        ActAlign(Unknowing(), store=store).predict(clips[0], scripts=SCRIPTS)
    assert ActAlign(Images(), store=store).predict(clips[0], scripts=SCRIPTS).label == "go"


@pytest.mark.parametrize("given", [None, ["too long"]])
def test_warnings_of_another_kind_are_refused(given, clips):
    class Wrong(Images):
        def text_warnings(self, texts):
            return given

    with pytest.raises(
        EncoderError, match=r"text_warnings of the encoder own returned .*; it must"
    ):
        ActAlign(Wrong()).predict(clips[0], scripts=SCRIPTS)


def test_a_store_that_cannot_be_written_is_noticed_before_the_first_clip_is_encoded(
    clips, tmp_path
):
    class Counted(Images):
        called = 0

        def encode_image(self, frames):
            Counted.called += 1
            return super().encode_image(frames)

    (tmp_path / "file").write_text("")
    videos = {"a": clips[0]}
    with pytest.raises(UsageError, match="file/store can't be written"):
        list(
            embed_videos(
                Counted(), videos, sampling=Sampling(5), store=Store(tmp_path / "file" / "store")
            )
        )
    with pytest.raises(UsageError, match="file/store can't be written"):
        ActAlign(Counted(), store=tmp_path / "file" / "store")
    assert not Counted.called


def test_a_field_of_another_type_is_named():
    for field, value in (("dim", "3"), ("logit_scale", np.float32(2.3)), ("model_id", None)):
        with pytest.raises(TypeError, match=f"{field} is .*{type(value).__name__}\\), not "):
            replace(Texts.info, **{field: value})


@pytest.mark.parametrize("kind", [Images, Clips, Windows, Streams])
def test_a_long_video_has_the_rows_of_the_whole(kind, tmp_path, monkeypatch):
    class Beside(kind):
        part_margin_seconds = 0.5

    path = write_video(tmp_path / "long.mp4", 66)
    whole = embed_video(Beside(), path, clip_id="long", sampling=Sampling())
    monkeypatch.setattr(_parts, "PART_FRAMES", 21)
    told = []
    [result] = embed_videos(
        Beside(),
        {"long": path},
        sampling=Sampling(),
        on_frames=lambda clip_id, count: told.append(count),
    )
    np.testing.assert_array_equal(result.clip.pts_seconds, whole.pts_seconds)
    np.testing.assert_array_equal(result.clip.embeddings, whole.embeddings)
    assert sum(told) == len(whole.embeddings) * kind.info.frames_between_rows


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_what_cannot_be_pickled_or_copied_says_so(copied, colour_model):
    of_ours = load_encoder(str(colour_model))
    for one in (of_ours, ActAlign(of_ours), ActAlign(Images()), load_encoder("body")):
        with pytest.raises(UsageError, match=rf"the class {type(one).__name__} can't be pickled"):
            copied(one)
