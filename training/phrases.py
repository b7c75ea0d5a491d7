"""Wordings of the codes in `captions`, in a small grammar; they lie in phrases.txt,
and many more by language models in phrases_more.txt.

(a|b|) is a choice; [arm] is a noun of the code's side: "left arm", "the right arm", "both arms",
"one arm" ([arms] is the same, [other arm] the other side's). A line that starts with "§" is held
out: never used for training, only to test on wordings that were not seen.
"""

from __future__ import annotations

from pathlib import Path

from training.lexicon import sections

# {code without its side: wordings}
PHRASES: dict[str, list[str]] = sections(Path(__file__).with_suffix(".txt"))
MORE_PHRASES: dict[str, list[str]] = sections(Path(__file__).with_name("phrases_more.txt"))

# [noun] -> (singular, plural)
NOUNS: dict[str, tuple[str, str]] = {
    "arm": ("arm", "arms"),
    "hand": ("hand", "hands"),
    "palm": ("palm", "palms"),
    "fist": ("fist", "fists"),
    "fingers": ("fingers", "fingers"),
    "forearm": ("forearm", "forearms"),
    "upper arm": ("upper arm", "upper arms"),
    "elbow": ("elbow", "elbows"),
    "leg": ("leg", "legs"),
    "knee": ("knee", "knees"),
    "thigh": ("thigh", "thighs"),
    "shin": ("shin", "shins"),
    "foot": ("foot", "feet"),
    "heel": ("heel", "heels"),
}

# How a caption of several phrases is put together; {0}, {1}... are the phrases.
WRAPPERS: tuple[str, ...] = (
    "{}",
    "{}",
    "{}",
    "{}",
    "with {}",
    "the (athlete|person|player|dancer|lifter|man|woman|performer|body): {}",
    "(a|the) (person|man|woman|athlete) with {}",
    "(starting|end|start|finishing|mid) position: {}",
    "(phase|step|next): {}",
    "(then|now|next|finally|first), {}",
    "{}, (core tight|breathing steadily|in control|eyes forward|gaze ahead|controlled)",
    "(slowly|smoothly|with control|carefully|actively), {}",
    "{} (on the mat|in the gym|on the field|on the court|on stage|in the studio)",
    "{} (holding (a|the) (ball|bar|dumbbell|racket|weights|stick)|with (a|the) (bar|ball|weights))",
)
HELD_OUT_WRAPPERS: tuple[str, ...] = (
    "we see {}",
    "this shows {}",
    "at this moment {}",
)
# Things a script mentions that a pose can't show; they change nothing about what is true.
CONTEXTS: tuple[str, ...] = (
    "(core|abs) (tight|braced|engaged)",
    "(eyes|gaze) (forward|ahead|on the ball|on the target|down|up)",
    "(holding|gripping|with) (a|the) "
    "(ball|bar|barbell|dumbbell|racket|bat|club|stick|kettlebell|rope)",
    "(ball|dumbbells|weights|racket|bat|stick) in (hand|both hands|the hands)",
    "(on|in) the (mat|gym|court|field|track|studio|stage|pool|ring)",
    "(near|in front of|facing) the (net|basket|goal|mirror|camera|wall|opponent|barre)",
    "(breathing in|breathing out|exhale|inhale)",
    "(shoulders|neck|jaw) relaxed",
    "(chest|heart) open",
    "muscles (tense|contracted|engaged)",
    "(glutes|quads|hamstrings|lats|biceps|triceps) (engaged|working|squeezed|stretched)",
    "palms (up|down|facing forward|facing in|open)",
    "toes pointed",
    "in (perfect |good |)(balance|control|form)",
    "(ready|preparing) (for the next (move|step|rep|phase)|to move|)",
    "in (a fluid|one smooth|a controlled|a powerful) (motion|movement)",
    "(the|a) (basketball|tennis|volleyball|soccer|baseball|golf|yoga|karate|ballet|hip hop) "
    "(player|move|step|pose|technique)",
    "(wearing|dressed in) (sports clothes|shorts|a uniform|a leotard)",
    "weight (centered|balanced|shifted)",
    "(seen|viewed) from the (side|front|back)",
)
JOINS: tuple[str, ...] = (", ", ", ", ", ", " and ", " with ", " while ", ", and ", "; ", " as ")
