"""Loads an encoder in a Ray actor, and ends the restarts if that keeps killing its process.

Ray restarts an actor whenever its process dies, without counting. A model that kills its process
each time (memory, a broken library) would be loaded forever.
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
"""How many processes in a row may die while an actor loads its model."""


class BegunLoads:
    """A Ray actor that lives as long as the run and records which loads began but never ended."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()

    def begin(self, actor: str) -> int:
        """Record that a load begins; returns how many loads of the same actor have just died."""
        self._begun[actor] += 1
        return self._begun[actor] - 1

    def end(self, actor: str) -> None:
        """Record that a load has ended, successfully or with an error."""
        del self._begun[actor]


def load_in_actor(choice: EncoderChoice, begun: Any) -> Encoder:
    """Load the encoder in this actor; ``begun`` is a handle of `BegunLoads`.

    The last attempt first loads the model in a child process, whose exit shows the cause. Raises
    EncoderError for a model that can't be loaded or has killed too many processes.
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
    except Exception as error:  # a full GPU, a library that fails to start
        raise EncoderError(
            f"The model {choice.model} can't be loaded ({type(error).__name__}: {error})."
        ) from error
    finally:
        ray.get(begun.end.remote(actor))


def _gone(choice: EncoderChoice, died: int, cause: str) -> str:
    return (
        f"The model {choice.model} killed {died} processes that loaded it{cause}; fetch the model "
        "there again, or let fewer encoders share a machine with --num-actors (num_actors)."
    )


def _cause_of_death(choice: EncoderChoice) -> str | None:
    """What kills a process that loads the model here; None if it survives or exits by itself."""
    code = "import json, sys; from actalign.encoders._load import EncoderChoice; "
    code += "EncoderChoice(**json.loads(sys.argv[1])).load()"
    command = [sys.executable, "-c", code, json.dumps(asdict(choice))]
    ended = subprocess.run(command, capture_output=True, check=False).returncode
    if ended >= 0:
        return None
    name = signal.Signals(-ended).name
    return f"{name} (as when memory runs out)" if name == "SIGKILL" else name
