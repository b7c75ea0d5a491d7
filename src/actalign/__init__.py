"""Zero-shot fine-grained video classification by language-guided sequence alignment."""

__version__ = "0.1.0"
