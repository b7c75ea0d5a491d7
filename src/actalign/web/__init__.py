"""The explorer: a local page and an HTTP API over the classifier (extra `web`)."""

from actalign.web._app import create_app
from actalign.web._guard import LOOPBACK
from actalign.web._jobs import Explorer

__all__ = ["LOOPBACK", "Explorer", "create_app"]
