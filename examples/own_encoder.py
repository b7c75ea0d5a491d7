"""Use an encoder of your own: python examples/own_encoder.py

An encoder is any object with this property and these methods. This one puts a frame's mean colour
and a text's colour words into one space, so what it answers can be worked out by hand.
"""

import numpy as np

from actalign import ActAlign, EncoderInfo, FrameBatch

COLOURS = {"red": (1, -1, -1), "green": (-1, 1, -1), "blue": (-1, -1, 1), "white": (1, 1, 1)}


class ColourEncoder:
    info = EncoderInfo(
        model_id="colours",
        fingerprint="colours-1",  # change it when the embeddings change
        dim=3,
        logit_scale=float(np.log(10.0)),  # its logarithm, as SigLIP and CLIP keep it
        logit_bias=-5.0,  # None for a model without one, such as CLIP
        fps=10,
        smoothing_seconds=0,
        step_template="{step}",
    )

    def encode_image(self, frames):
        """(T, H, W, 3) uint8 to (T, 3) float32."""
        return (frames.mean(axis=(1, 2)) / 127.5 - 1).astype(np.float32)

    def encode_text(self, texts):
        """K texts to (K, 3) float32."""
        rows = [np.sum([COLOURS.get(word, (0, 0, 0)) for word in t.split()], axis=0) for t in texts]
        return np.array(rows, np.float32)

    def text_warnings(self, texts):
        return []


def lamp(names, seconds_each=1.0, fps=10):
    """Frames of a lamp that shows each colour for a while."""
    shown = [name for name in names for _ in range(round(seconds_each * fps))]
    frames = np.array([[[COLOURS[name]]] for name in shown], float) * 127.5 + 127.5
    return FrameBatch(frames.astype(np.uint8), np.arange(len(shown)) / fps)


def main() -> None:
    classifier = ActAlign(ColourEncoder())
    scripts = {"go": ["a red light", "a green light"], "stop": ["a green light", "a red light"]}
    prediction = classifier.predict(lamp(["green", "red"]), scripts=scripts)
    print(prediction.label)
    for segment in prediction.best.segments:
        print(f"{segment.start_seconds:.1f} to {segment.end_seconds:.1f} s: {segment.step}")


if __name__ == "__main__":
    main()
