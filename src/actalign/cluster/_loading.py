"""Load an encoder in a Ray actor that Ray restarts without end: with an end, and with the cause.

Ray starts an actor again whenever its process dies, and counts nothing. A model that takes its
process with it each time (memory, a broken library) would be loaded for ever.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from actalign.encoders._base import Encoder
from actalign.encoders._load import EncoderChoice
from actalign.errors import ActAlignError, EncoderError

LOADS = 3
"""Processes in a row that may die while an actor loads its model."""


class BegunLoads:
    """A Ray actor that lives as long as the run and remembers which loads began and never ended."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()

    def begin(self, actor: str) -> int:
        """Note a load that begins; how many of the same actor died just before."""
        self._begun[actor] += 1
        return self._begun[actor] - 1

    def end(self, actor: str) -> None:
        """Note that a load has ended, well or with an error."""
        del self._begun[actor]


def load_in_actor(choice: EncoderChoice, begun: Any) -> Encoder:
    """Load the encoder in this actor; ``begun`` is a handle of `BegunLoads`.

    The last try goes through a child process first, whose end says what the cause was. Raises
    EncoderError for a model that can't be loaded or ended too many processes.
    """
    import ray

    actor = ray.get_runtime_context().get_actor_id()
    died = ray.get(begun.begin.remote(actor))
    try:
        if died >= LOADS - 1 and (cause := _cause_of_death(choice)):
            raise EncoderError(_gone(choice, died + 1, f", the last by {cause}"))
        if died >= LOADS:
            raise EncoderError(_gone(choice, died, ""))
        return choice.load()
    except ActAlignError:
        raise
    except Exception as error:  # a GPU without room, a library that fails to start
        raise EncoderError(
            f"The model {choice.model} can't be loaded ({type(error).__name__}: {error})."
        ) from error
    finally:
        ray.get(begun.end.remote(actor))


def _gone(choice: EncoderChoice, died: int, cause: str) -> str:
    return (
        f"The model {choice.model} ended {died} processes that loaded it{cause}; fetch the model "
        "there again, or let fewer encoders share a machine by --num-actors."
    )


def _cause_of_death(choice: EncoderChoice) -> str | None:
    """What ends a process that loads the model here; None where it lives on or ends by itself."""
    code = "import json, sys; from actalign.encoders._load import EncoderChoice; "
    code += "EncoderChoice(**json.loads(sys.argv[1])).load()"
    command = [sys.executable, "-c", code, json.dumps(asdict(choice))]
    ended = subprocess.run(command, capture_output=True, check=False).returncode
    if ended >= 0:
        return None
    name = signal.Signals(-ended).name
    return f"{name} (as when memory runs out)" if name == "SIGKILL" else name
