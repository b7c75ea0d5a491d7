"""Commands as earlier versions had them, said as they are now."""

from __future__ import annotations

import sys

# What the two benchmarks' verbs measured and where they looked when not told.
SCORERS = {
    "actionatlas": "dtw,mean_pool,random",
    "mini-atlas": "mean_pool,dtw,dtw_steps,dtw_shuffled,dtw_reversed,order_free",
}
DEFAULTS = {"mini-atlas": {"--data": "mini-atlas", "--out": "runs/mini-atlas", "--model": "body"}}


def as_now(words: list[str]) -> list[str]:
    """The words of a command, `eval actionatlas` and `eval mini-atlas` as `eval clips`.

    Says on stderr what was meant. All other words are given back as they are.
    """
    if len(words) < 2 or words[0] != "eval" or words[1] not in SCORERS or "--help" in words:
        return words
    name, rest = words[1], words[2:]
    options = {"--scorer": SCORERS[name], **DEFAULTS.get(name, {})}
    given = {word.split("=", 1)[0] for word in rest}
    for option, value in options.items():
        if option not in given:
            rest += [option, value]
    data = []
    for i, word in enumerate(rest):
        if word == "--data" and i + 1 < len(rest):
            data, rest = [rest[i + 1]], rest[:i] + rest[i + 2 :]
            break
        if word.startswith("--data="):
            data, rest = [word.partition("=")[2]], rest[:i] + rest[i + 1 :]
            break
    sys.stderr.write(f"`eval {name} --data DATA` is now `eval clips DATA`.\n")
    return ["eval", "clips", *data, "--layout", name, *rest]
