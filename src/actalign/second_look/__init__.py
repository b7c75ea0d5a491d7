"""A second look: a vision-language model chooses among a clip's best candidates.

It is shown the frames that the alignment found to fit their steps best. Pictures are sent to the
service that the user names, and to no other. Importing this doesn't import openai.
"""

from actalign.second_look._look import SecondLook, SecondLookError
from actalign.second_look._question import Opinion

__all__ = ["Opinion", "SecondLook", "SecondLookError"]
