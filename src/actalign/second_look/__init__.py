"""A second look: a vision-language model chooses among a clip's best candidates.

It is shown the frames that fit the steps best, according to the alignment. Images are sent only to
the service that the user names. Importing this doesn't import openai.
"""

from actalign.second_look._look import SecondLook, SecondLookError
from actalign.second_look._question import Opinion

__all__ = ["Opinion", "SecondLook", "SecondLookError"]
