"""The explorer: a local page and an HTTP API over the classifier (extra `web`)."""

from actalign.web._app import create_app
from actalign.web._guard import LOOPBACK
from actalign.web._jobs import Explorer
from actalign.web._workplace import MOST_HEAD_BYTES

__all__ = ["LOOPBACK", "MOST_HEAD_BYTES", "Explorer", "create_app"]
