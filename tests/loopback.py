"""An HTTP server on loopback for tests."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer


class LoopbackServer(ThreadingHTTPServer):
    """One whose clients may hang up or be killed: that is no error of the server's.

    It runs in the tests' own process, where whatever it prints to stderr would count as printed by
    the command under test.
    """

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
