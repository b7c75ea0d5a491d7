"""What stays in the process that made it: encoders, and the classifiers that hold them."""

from __future__ import annotations

from typing import NoReturn

from actalign.errors import UsageError


class OnePerProcess:
    """What holds networks or connections of its process, so that it is not pickled or copied."""

    def __reduce__(self) -> NoReturn:
        raise UsageError(
            f"An object of the class {type(self).__name__} can't be pickled or copied; make one in "
            "each process, and share it among threads."
        )
