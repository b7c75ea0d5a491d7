"""A small camera: an RTSP server on a loopback port that shows one colour as H.264 in RTP.

FFmpeg cuts the video into RTP packets and sends them to a port of ours; from there they go to the
watcher, inside the RTSP connection or over UDP, whichever the two agree on.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress

import av

from tests.colour_clips import colour_frames

SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n"
)
FPS = 10


class RTSPServer:
    """colour: what is shown now; None sends nothing more and keeps the connection.

    transports: what SETUP grants, of TCP and UDP. deaf: so many connections are accepted first and
    never answered. refuses: no password is right. methods: what has been asked so far, SETUP with
    its transport.
    """

    def __init__(self, colour, *, transports=("TCP", "UDP"), deaf=0, refuses=False):
        self.colour, self.transports, self.deaf, self.refuses = colour, transports, deaf, refuses
        self.methods: list[str] = []
        self.port = 0
        self.up()

    @property
    def address(self):
        return f"rtsp://127.0.0.1:{self.port}/camera"

    def up(self):
        self._open = [socket.create_server(("127.0.0.1", self.port))]
        self.port = self._open[0].getsockname()[1]
        threading.Thread(target=self._accept, args=(self._open,), daemon=True).start()

    def down(self):
        """Nobody is listened to any more, and every connection ends."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # a close alone does not wake who waits for it
            one.close()

    def _accept(self, sockets):
        with suppress(OSError):
            while True:
                sockets.append(sockets[0].accept()[0])
                self.deaf -= 1
                if self.deaf < 0:
                    threading.Thread(target=self._talk, args=(sockets[-1],), daemon=True).start()

    def _talk(self, peer):
        session = _Session(peer)
        with suppress(OSError, ValueError), peer, peer.makefile("rb") as asked:
            while start := asked.read(1):
                if start == b"$":  # a report on what was received
                    asked.read(int.from_bytes(asked.read(3)[1:]))
                    continue
                method = asked.readline().split()[0]
                lines = [*iter(lambda: asked.readline().decode().strip().lower(), "")]
                self._answer(session, (start + method).decode(), "\n".join(lines))
        session.over.set()

    def _answer(self, session, method, headers):
        status, more, body = "200 OK", "Session: 1\r\n", ""
        if method == "DESCRIBE" and self.refuses:
            status, more = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method == "DESCRIBE":
            more, body = "Content-Type: application/sdp\r\n", SDP
        elif method == "SETUP":
            kind = "TCP" if "/tcp" in headers else "UDP"
            method = f"SETUP {kind}"
            if kind in self.transports:
                more += re.search(r"transport: .*", headers)[0] + "\r\n"
                session.port = None if kind == "TCP" else int(re.search(r"port=(\d+)", headers)[1])
            else:
                status = "461 Unsupported Transport"
        self.methods.append(method)
        number = re.search(r"cseq: .*", headers)[0]
        head = f"RTSP/1.0 {status}\r\n{number}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        session.send((head + body).encode())
        if method == "PLAY":
            threading.Thread(target=self._play, args=(session,), daemon=True).start()

    def _play(self, session):
        with socket.socket(type=socket.SOCK_DGRAM) as packets, suppress(OSError):
            packets.bind(("127.0.0.1", 0))
            port = packets.getsockname()[1]
            address = f"rtp://127.0.0.1:{port}?rtcpport={port}&pkt_size=1200"
            with av.open(address, "w", format="rtp") as container:
                options = {"tune": "zerolatency", "g": "10"}
                stream = container.add_stream("libx264", rate=FPS, options=options)
                stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                while not session.over.wait(1 / FPS):
                    if self.colour is None:
                        continue
                    [image] = colour_frames([self.colour], each=1)
                    picture = av.VideoFrame.from_ndarray(image, format="rgb24")
                    container.mux(stream.encode(picture.reformat(format="yuv420p")))
                    with suppress(BlockingIOError):
                        while True:
                            session.forward(packets.recv(2000, socket.MSG_DONTWAIT))


class _Session:
    """One watcher: its connection, and the UDP port for its packets, None for that connection."""

    def __init__(self, peer):
        self._peer, self.port, self.over = peer, None, threading.Event()
        self._one_at_a_time = threading.Lock()

    def send(self, data):
        with self._one_at_a_time:
            self._peer.sendall(data)

    def forward(self, packet):
        report = 192 <= packet[1] <= 223
        if self.port is None:
            self.send(b"$" + bytes([report]) + len(packet).to_bytes(2) + packet)
        else:
            with socket.socket(type=socket.SOCK_DGRAM) as out:
                out.sendto(packet, ("127.0.0.1", self.port + report))
