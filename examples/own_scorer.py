"""Use a scorer of your own: python examples/own_scorer.py

A scorer is a function from a clip's frames and the candidates' steps to one score per candidate.
This one looks at the last frame only: how well does it show a candidate's last step?
"""

import numpy as np

from actalign import ActAlign
from actalign.alignment import Scorer, cosine

from own_encoder import ColourEncoder, lamp  # isort: skip


def last_step(frames, candidates, calibration):
    """(T, D) frames, M candidates of (K_m, D) steps -> (M,) scores; higher is better.

    calibration: the encoder's logit scale and bias, the seconds from frame to frame and, where
    there is one, the background (`calibration.background.statistics(texts)`).
    """
    return np.array([float(cosine(frames[-1:], steps[-1:])[0, 0]) for steps in candidates])


scorer = Scorer("last_step", "steps", last_step, "how well the last frame shows the last step")


def main() -> None:
    scripts = {"go": ["a red light", "a green light"], "stop": ["a green light", "a red light"]}
    for name in (scorer, "dtw", "cosine+segment+steps"):  # a scorer, its name, or its parts
        classifier = ActAlign(ColourEncoder(), scorer=name)
        found = classifier.predict(lamp(["red", "green"]), scripts=scripts)
        print(f"{found.scorer}: {found.label} {found.best.score:.2f}")


if __name__ == "__main__":
    main()
