"""A small OpenAI-compatible service on loopback: real HTTP, real time, and faults on request.

It checks requests as OpenAI does (a strict schema must forbid additional properties, JSON mode
needs the word JSON in the messages), answers every candidate list with plausible scripts, and
keeps a ledger: ``paid`` counts each complete answer it has handed over, by conversation.

    with LLMServer() as server:
        server.faults["jump shot"] = [status(500), status(500)]   # then good answers
        ... LLMConfig(base_url=server.url)
"""

from __future__ import annotations

import email.parser
import hashlib
import io
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Literal

from tests.loopback import LoopbackServer


@dataclass
class Reply:
    """What goes over the wire. cut_after: bytes of the body to send before the line drops. drips:
    whether the head or the body is sent byte by byte, DRIP_SECONDS apart. endless: the body comes
    again and again."""

    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    delay: float = 0.0
    cut_after: int | None = None
    drips: Literal["head", "body"] | None = None
    endless: bool = False


DRIP_SECONDS = 0.05
Behaviour = Callable[[dict], Reply]


def labels_of(body: dict) -> list[str]:
    """The numbered candidates in the first message."""
    return re.findall(r"^\d+\. (.+)$", body["messages"][0]["content"], re.MULTILINE)


def steps_of(label: str, count: int = 10, wording: int = 1) -> list[str]:
    arm = "arm" if wording == 1 else f"arm ({wording})"
    return [f"phase {k} of {label}, {arm} at height {k}" for k in range(1, count + 1)]


def wording_of(body: dict) -> int:
    """The number of the wording that the first message asks for, 1 where it names none."""
    found = re.search(r"This is description (\d+)\.", body["messages"][0]["content"])
    return int(found[1]) if found else 1


def good_scripts(body: dict, count: int = 10) -> dict:
    """The answer of the requested form for the candidates of a request."""
    wording = wording_of(body)
    return {
        "scripts": [
            {"candidate": m, "steps": steps_of(label, count, wording)}
            for m, label in enumerate(labels_of(body), start=1)
        ]
    }


def completion(body: dict, text: str | None, *, finish: str = "stop", refusal=None) -> dict:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{body['model']}-snapshot",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, "refusal": refusal},
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }


def good(count: int = 10, delay: float = 0.0) -> Behaviour:
    return lambda body: Reply(
        body=json.dumps(completion(body, json.dumps(good_scripts(body, count)))).encode(),
        delay=delay,
    )


def says(text: str | Callable[[dict], str], finish: str = "stop") -> Behaviour:
    """An answer of exactly this text."""

    def reply(body: dict) -> Reply:
        words = text(body) if callable(text) else text
        return Reply(body=json.dumps(completion(body, words, finish=finish)).encode())

    return reply


def message(fields: Callable[[str], dict], finish: str = "stop") -> Behaviour:
    """A message with these fields in place of its content, made from the text of a good answer."""

    def reply(body: dict) -> Reply:
        whole = completion(body, None, finish=finish)
        whole["choices"][0]["message"] |= fields(json.dumps(good_scripts(body)))
        return Reply(body=json.dumps(whole).encode())

    return reply


def needs_no(parameter: str) -> Behaviour:
    """A service that refuses requests with this parameter, by name."""

    def reply(body: dict) -> Reply:
        if parameter in body:
            said = f"Unsupported value: '{parameter}' is not supported with this model."
            return status(400, said, parameter)(body)
        return good()(body)

    return reply


def refuses(reason: str) -> Behaviour:
    return lambda body: Reply(body=json.dumps(completion(body, None, refusal=reason)).encode())


def status(code: int, message: str = "no", param: str | None = None, **headers: str) -> Behaviour:
    error = {"error": {"message": message, "type": "error", "param": param, "code": None}}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda body: Reply(code, json.dumps(error).encode(), names)


def hangs(seconds: float) -> Behaviour:
    return good(delay=seconds)


def cuts(after: int = 40) -> Behaviour:
    """Promise the whole answer, send some bytes of it, drop the line."""

    def reply(body: dict) -> Reply:
        whole = good()(body)
        whole.cut_after = after
        return whole

    return reply


def drips(part: Literal["head", "body"]) -> Behaviour:
    """A good answer of which this part comes byte by byte."""

    def reply(body: dict) -> Reply:
        whole = good()(body)
        whole.drips = part
        return whole

    return reply


def floods() -> Behaviour:
    """An answer without end, as far as it is read."""
    return lambda body: Reply(body=b" " * (1 << 20), endless=True)


class _Drip(io.RawIOBase):
    """Writes byte by byte, until the server closes."""

    def __init__(self, file: io.BufferedIOBase, closing: threading.Event) -> None:
        self._file, self._closing = file, closing

    def write(self, data: bytes) -> int:
        for byte in data:
            if self._closing.wait(DRIP_SECONDS):
                raise OSError("closing")
            self._file.write(bytes([byte]))
        return len(data)


class LLMServer:
    """The running service. ``url`` is its base URL.

    faults: label -> what to do with the requests about it, in turn; good answers after that.
    formats: the response formats it takes. steps: how many steps its good answers have.
    batch_faults: label -> error of its line in a batch. cut_batches: how often the line drops
    after a batch was made.
    """

    def __init__(self, *, formats=("json_schema", "json_object", "text"), steps=10) -> None:
        self.faults: dict[str, list[Behaviour]] = {}
        self.formats = formats
        self.steps = steps
        self.requests: list[dict] = []
        self.headers: list[dict] = []
        self.paid: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict] = {}
        self.batch_faults: dict[str, dict] = {}
        self.cut_batches = 0
        self.lock = threading.Lock()
        self._closing = threading.Event()

    def __enter__(self) -> LLMServer:
        handler = type("Handler", (_Handler,), {"service": self})
        self._http = LoopbackServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def chat(self, body: dict) -> Reply:
        """The reply to one chat request."""
        if problem := self._objection(body):
            return status(400, problem)(body)
        for label in labels_of(body):
            with self.lock:
                waiting = self.faults.get(label)
                behave = waiting.pop(0) if waiting else None
            if behave is not None:
                return behave(body)
        return good(self.steps)(body)

    def _objection(self, body: dict) -> str | None:
        form = body.get("response_format", {"type": "text"})
        words = " ".join(m["content"] for m in body["messages"])
        if form["type"] not in self.formats:
            return f"response_format {form['type']} is not supported"
        if form["type"] == "json_object" and "json" not in words.lower():
            return "'messages' must contain the word 'json' in some form"
        if form["type"] == "json_schema":
            schema = form["json_schema"]
            if not (schema["strict"] and re.fullmatch(r"[\w-]{1,64}", schema["name"])):
                return "Invalid response_format"
            if problem := _not_strict(schema["schema"]):
                return problem
        return None

    def wait(self, seconds: float) -> None:
        self._closing.wait(seconds)

    def finish_batches(self) -> None:
        """Run every batch that waits."""
        for batch in self.batches.values():
            if batch["status"] != "in_progress":
                continue
            done, failed = [], []
            for line in self.files[batch["input_file_id"]].decode().splitlines():
                request = json.loads(line)
                body = request["body"]
                fault = next(
                    (f for label, f in self.batch_faults.items() if label in labels_of(body)), None
                )
                reply = self.chat(body)
                row = {"id": "r", "custom_id": request["custom_id"], "error": fault}
                row["response"] = None
                if fault is None:
                    row["response"] = {
                        "status_code": reply.status,
                        "body": json.loads(reply.body),
                    }
                    self.paid[conversation(body)] += 1
                (failed if fault else done).append(json.dumps(row))
            batch["status"] = "completed"
            batch["request_counts"] |= {"completed": len(done), "failed": len(failed)}
            for name, rows in (("output_file_id", done), ("error_file_id", failed)):
                if rows:
                    batch[name] = f"file-{len(self.files)}"
                    self.files[batch[name]] = "\n".join(rows).encode()


def conversation(body: dict) -> str:
    """A request's identity, whatever response format it asks for."""
    kept = {k: v for k, v in body.items() if k != "response_format"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _not_strict(schema: dict) -> str | None:
    if schema["type"] == "object":
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if sorted(schema["required"]) != sorted(schema["properties"]):
            return "'required' must include every key in properties"
        return next(filter(None, map(_not_strict, schema["properties"].values())), None)
    return _not_strict(schema["items"]) if schema["type"] == "array" else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: LLMServer

    def log_message(self, *_) -> None:
        pass

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        service = self.service
        if self.path in ("/v1/chat/completions", "/v1/embeddings"):
            body = json.loads(data)
            with service.lock:
                service.requests.append(body)
                service.headers.append({k.lower(): v for k, v in self.headers.items()})
                service.in_flight += 1
                service.most_in_flight = max(service.most_in_flight, service.in_flight)
            try:
                reply = service.chat(body)
                if self._send(reply) and reply.status == 200 and reply.cut_after is None:
                    with service.lock:
                        service.paid[conversation(body)] += 1
            finally:
                with service.lock:
                    service.in_flight -= 1
        elif self.path == "/v1/files":
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            message = email.parser.BytesParser().parsebytes(head + data)
            parts = {p.get_param("name", header="content-disposition"): p for p in message.walk()}
            assert parts["purpose"].get_payload() == "batch"
            name = f"file-{len(service.files)}"
            service.files[name] = parts["file"].get_payload(decode=True)
            self._send_json({"id": name, "object": "file", "purpose": "batch", "bytes": len(data)})
        elif self.path == "/v1/batches":
            asked = json.loads(data)
            lines = service.files[asked["input_file_id"]].decode().splitlines()
            counts = {"total": len(lines), "completed": 0, "failed": 0}
            batch = {
                "id": f"batch-{len(service.batches)}",
                "object": "batch",
                "status": "in_progress",
                "created_at": int(time.time()),
                "request_counts": counts,
                **asked,
            }
            service.batches[batch["id"]] = batch
            if service.cut_batches:
                service.cut_batches -= 1
                self._send(Reply(body=json.dumps(batch).encode(), cut_after=10))
            else:
                self._send_json(batch)
        else:
            self._send(status(404, "no such path")({}))

    def do_GET(self) -> None:
        service = self.service
        path = self.path.split("?")[0]
        if path == "/v1/batches":
            data = list(service.batches.values())
            self._send_json({"object": "list", "data": data, "has_more": False})
        elif (match := re.fullmatch(r"/v1/batches/([\w-]+)", path)) and match[1] in service.batches:
            self._send_json(service.batches[match[1]])
        elif match := re.fullmatch(r"/v1/files/([\w-]+)/content", path):
            self._send(Reply(body=service.files[match[1]]))
        else:
            self._send(status(404, "no such path")({}))

    def _send_json(self, value: dict) -> None:
        self._send(Reply(body=json.dumps(value).encode()))

    def _send(self, reply: Reply) -> bool:
        """Whether the whole reply was handed over."""
        if reply.delay:
            self.service.wait(reply.delay)
        straight, dripping = self.wfile, _Drip(self.wfile, self.service._closing)
        try:
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            if not reply.endless:
                self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.wfile = dripping if reply.drips == "head" else straight
            self.end_headers()
            self.wfile = dripping if reply.drips == "body" else straight
            self.wfile.write(reply.body[: reply.cut_after])
            while reply.endless:
                self.wfile.write(reply.body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
            return False
        finally:
            self.wfile = straight
        if reply.cut_after is not None:
            self.close_connection = True
            self.connection.close()
        return True
