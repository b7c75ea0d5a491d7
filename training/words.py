"""The words about bodies that training uses: python training/words.py writes model/words.txt.

`body` warns of a text that has none of them. Words for things, places and people don't count: a
pose doesn't show them. Nor do words that are in any text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from training.lexicon import LEXICON  # noqa: E402
from training.phrases import NOUNS, PHRASES  # noqa: E402
from training.vary import FORMS, SYNONYMS  # noqa: E402

_COMMON = """
a an and are as at be being both but by do each every for from goes has have he her his if in into
is it its next no not of off on one onto or other our own she so some than that the their them
then there they this through to too two until very was way we what when where which while who
whole will with without you your about after again also all any before between down out over up
just like more most once only same still such start starting starts begin beginning end ending
ends finish final first last main phase position pose posture part side time top bottom move moves
moving movement motion action exercise form shape style type kind full half right low high near
ready set ball get gets make makes good new old take takes taking keep keeps keeping hold holds
holding held put puts bring brings away against around along above below behind under fast slow
quick slowly quickly control controlled level line point points edge front middle center centre
"""
_THINGS = """
air arrow axe backhand ball balls band bar barbell barre basket bat bench bike block board boat
bottle box ceiling chair club court cup disc dog door dumbbell dumbbells earth field floor foil
frisbee glass glove goal ground guitar gun gym handle handles hill hoop horse hydrant kettlebell
ladder lamp mat mats mirror moon net object opponent oar pad paddle partner phone piano pole pool
puck rack racket racquet ring rings rock roof rope screen shield ski sky stage stair stairs star
steering stick sun sword table target tree violin wall water weight weights wheel athlete batter
boxer child dancer fencer girl boy goalkeeper golfer lifter man men people person pitcher player
runner server thrower warrior woman women something someone basketball baseball volleyball
football soccer tennis golf badminton hockey rugby cricket
"""


def _texts() -> Iterator[str]:
    for lines in PHRASES.values():
        yield from lines
    for name, wordings in LEXICON.items():
        yield name
        yield from (wording for _, wording in wordings)
    yield from SYNONYMS
    for pair in NOUNS.values():
        yield from pair
    for forms in FORMS:
        yield from forms


def known_words() -> list[str]:
    """All words of three letters or more that say something of a body, in alphabetical order."""
    found = {word for text in _texts() for word in re.findall(r"[a-z]{3,}", text.lower())}
    return sorted(found - set(_COMMON.split()) - set(_THINGS.split()))


def main() -> None:
    file = ROOT / "src/actalign/encoders/body/model/words.txt"
    file.write_text("\n".join(known_words()) + "\n")


if __name__ == "__main__":
    main()
