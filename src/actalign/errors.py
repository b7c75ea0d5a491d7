"""The package's errors. Each message is one sentence for the user: what, where, and what to do."""


class ActAlignError(Exception):
    """Base of every error this package raises on purpose; the CLI prints it and exits with 1."""


class UsageError(ActAlignError):
    """The request itself is wrong (a flag, a label, a script file); the CLI exits with 2."""


class VideoError(ActAlignError):
    """A clip can't be opened, has no video, or yields no frame; it never stops a batch."""


class EncoderError(ActAlignError):
    """An encoder can't be loaded, or embeddings of different encoders meet."""
