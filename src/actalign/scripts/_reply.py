"""What a chat completion says: the text of its message, and that text without the reasoning.

Services differ in where they put the answer: in the content as a string or as a list of parts, in
the arguments of a tool call, or in a field for reasoning, if a server takes all of it for
reasoning. Models differ in how they mark their reasoning.
"""

from __future__ import annotations

import json
import re
from typing import Any

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|seed:think"
_OPEN = rf"<(?:{_NAMES})>|\[THINK\]|◁think▷|<\|begin_of_thought\|>"
_CLOSE = rf"</(?:{_NAMES})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>"
_BLOCK = re.compile(rf"(?:{_OPEN}).*?(?:{_CLOSE})", re.DOTALL | re.IGNORECASE)
_DRAFT = re.compile(rf".*(?:{_CLOSE})", re.DOTALL | re.IGNORECASE)
_UNCLOSED = re.compile(rf"(?:{_OPEN}).*", re.DOTALL | re.IGNORECASE)
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>")
_BARE_CHANNELS = re.compile(r"\s*(?:analysis|commentary)(?=[^\s\w]|[A-Z])")
_BARE_FINAL = "assistantfinal"
KEPT_TOKENS = 16


def whole_characters(text: str) -> str:
    """``text`` without halves of surrogate pairs, which can't be written to a file or sent."""
    return re.sub(r"[\ud800-\udfff]", "", text)


def message_text(message: Any, finish: str) -> tuple[str, bool]:
    """The text of a completion's message, and whether it is a refusal.

    The first of these that isn't empty: refusal, content, arguments of tool calls, reasoning. The
    reasoning of an answer that was cut off (``finish`` "length") holds drafts only and is left out.
    """
    content = getattr(message, "content", None)
    refusal = getattr(message, "refusal", None) or _parts(content, "refusal")
    if refusal:
        return str(refusal), True
    if text := _parts(content, "text"):
        return text, False
    calls = [getattr(call, "function", None) for call in getattr(message, "tool_calls", None) or ()]
    calls.append(getattr(message, "function_call", None))
    if text := "\n".join(filter(None, map(_arguments, calls))):
        return text, False
    if finish == "length":
        return "", False
    for name in ("reasoning_content", "reasoning"):
        if text := _parts(getattr(message, name, None), "text"):
            return text, False
    return "", False


def token_alternatives(choice: Any) -> tuple[dict[str, float], ...]:
    """For each of a choice's last KEPT_TOKENS tokens, the log-probabilities of the possible tokens
    there; empty if the service gives none. Values that are not finite are left out."""
    tokens = getattr(getattr(choice, "logprobs", None), "content", None) or ()
    found = []
    for token in tokens[-KEPT_TOKENS:]:
        listed = getattr(token, "top_logprobs", None) or ()
        found.append(
            {
                whole_characters(str(one.token)): float(one.logprob)
                for one in listed
                if isinstance(one.logprob, int | float) and abs(one.logprob) < 1e300
            }
        )
    return tuple(found) if any(found) else ()


def without_reasoning(text: str) -> str:
    """``text`` without the model's reasoning before the answer.

    This removes blocks such as <think>...</think> and [THINK]...[/THINK], everything before a
    closing mark whose opening mark was in the prompt, everything after an opening mark that is
    never closed, and every channel of OpenAI's harmony format except the final one, with or without
    its marks.
    """
    channels = _CHANNEL.split(text)
    if len(channels) > 1:
        found = [
            said
            for name, said in zip(channels[1::2], channels[2::2], strict=True)
            if name == "final"
        ]
        return re.split(r"<\|(?:return|end|start)\|>", found[-1])[0] if found else ""
    if _BARE_CHANNELS.match(text):
        return text.rpartition(_BARE_FINAL)[2] if _BARE_FINAL in text else ""
    text = _BLOCK.sub("", text)
    text = _DRAFT.sub("", text)
    return _UNCLOSED.sub("", text)


def _parts(content: Any, kind: str) -> str:
    """The text of ``content``: a string, or the parts of this kind in a list."""
    if isinstance(content, str):
        return content if kind == "text" else ""
    found: list[str] = []
    for part in content if isinstance(content, list | tuple) else ():
        read = (
            part.get
            if isinstance(part, dict)
            else lambda name, part=part: getattr(part, name, None)
        )
        if isinstance(part, str) and kind == "text":
            found.append(part)
        elif read("type") in (kind, f"output_{kind}", None):
            found.append(str(read(kind) or ""))
    return "".join(found)


def _arguments(function: Any) -> str:
    given = getattr(function, "arguments", None)
    return given if isinstance(given, str) else json.dumps(given) if given else ""
