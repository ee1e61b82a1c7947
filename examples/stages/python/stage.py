#!/usr/bin/env python3
"""A Sluice stage in Python, without any package: the protocol of docs/stage-protocol.md over a plain socket.

It refuses requests that contain a keyword, and puts a sentence into the system prompt of all others.

    NATS_URL=nats://127.0.0.1:4222 STAGE_NAME=redactor REFUSED_WORD=xyzzy python3 stage.py

Then name it in a policy's pipeline: [metering, guardrail, redactor, masking, cache, router]. Any number may run; they
share the work. What a stage for production needs besides: TLS, a bound on the requests in hand, claimed bodies (this one
refuses them, see docs/stage-protocol.md, "Large bodies").
"""

import asyncio
import json
import os
import secrets
import signal
import time
import urllib.parse

NAME = os.environ.get("STAGE_NAME", "redactor")
REFUSED_WORD = os.environ.get("REFUSED_WORD", "xyzzy")
SENTENCE = os.environ.get("STAGE_SENTENCE", "Answer in plain words.")
VERSION = "1.0.0"
INSTANCE = f"{NAME}-{secrets.token_hex(6)}"
HEARTBEAT_SECONDS = 1.0
RECONNECT_SECONDS = 0.5
HEAD_LIMIT_BYTES = 128 * 1024


class Connection:
    """As much of the NATS client protocol as a stage needs: CONNECT, SUB, HPUB, HMSG, PING."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.handlers = {}

    @classmethod
    async def open(cls, url):
        address = urllib.parse.urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port or 4222, limit=64 * 1024)
        await reader.readline()  # INFO
        user = os.environ.get("NATS_USER", address.username)
        password = os.environ.get("NATS_PASSWORD", address.password)
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "name": NAME, "lang": "python", "version": VERSION}
        if user:
            options |= {"user": user, "pass": password}
        writer.write(b"CONNECT " + json.dumps(options).encode() + b"\r\nPING\r\n")
        return cls(reader, writer)

    def subscribe(self, subject, queue, handler):
        sid = str(len(self.handlers) + 1)
        self.handlers[sid] = handler
        self.writer.write(f"SUB {subject} {queue + ' ' if queue else ''}{sid}\r\n".encode())

    def publish(self, subject, payload, headers=None, reply=None):
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"NATS/1.0\r\n{lines}\r\n".encode("latin-1")
        to = f"{subject} {reply}" if reply else subject
        self.writer.write(f"HPUB {to} {len(head)} {len(head) + len(payload)}\r\n".encode() + head + payload + b"\r\n")

    async def run(self):
        """Hands messages to their handlers until the server closes the connection."""
        while line := await self.reader.readline():
            operation, _, rest = line.strip().partition(b" ")
            if operation == b"PING":
                self.writer.write(b"PONG\r\n")
            elif operation in (b"MSG", b"HMSG"):
                words = rest.decode().split(" ")  # subject sid [reply] [header bytes] total bytes
                total = int(words[-1])
                head_bytes = int(words[-2]) if operation == b"HMSG" else 0
                data = await self.reader.readexactly(total + 2)
                has_reply = len(words) == (5 if operation == b"HMSG" else 4)
                reply = words[2] if has_reply else None
                self.handlers[words[1]](words[0], reply, parse_headers(data[:head_bytes]), data[head_bytes:total])
            elif operation == b"-ERR":
                raise ConnectionError(rest.decode())
            await self.writer.drain()
        raise ConnectionError("the server closed the connection")


def parse_headers(block):
    lines = block.decode("latin-1").split("\r\n")[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


class RedactorStage:
    """The stage itself: a request in, exactly one of `forward` and `refuse` out."""

    def __init__(self, connection):
        self.connection = connection

    def receive(self, _subject, reply, headers, payload):
        started = time.perf_counter()
        if not reply:
            return
        if int(headers.get("sluice-deadline") or 0) and int(headers["sluice-deadline"]) < time.time() * 1000:
            return  # ingress has answered already
        head_length = int(headers["sluice-envelope"])
        envelope, body = json.loads(payload[:head_length]), payload[head_length:]
        if "sluice-claim" in headers:
            self.refuse(reply, headers, envelope, started, "request_too_large", "This stage reads no bodies above the message size.")
        elif REFUSED_WORD.encode() in body:
            self.refuse(reply, headers, envelope, started, "content_policy_violation", "The request contains a word that this stage refuses.")
        else:
            self.forward(reply, headers, envelope, started, self.rewrite(json.loads(body)))

    @staticmethod
    def rewrite(request):
        """The body stays in the client's dialect; here OpenAI chat."""
        request["messages"] = [{"role": "system", "content": SENTENCE}, *request["messages"]]
        return json.dumps(request, ensure_ascii=False).encode()

    def forward(self, reply, headers, envelope, started, body):
        following, _, remaining = headers.get("sluice-slip", "").partition(",")
        if not following:
            self.refuse(reply, headers, envelope, started, "internal_error", f'The pipeline ends at "{NAME}", which does not answer.')
            return
        envelope["found"][NAME] = {"sentence": True}
        envelope["guards"].append({"guard": NAME, "ran": True, "action": "allow"})
        envelope["timings"].append([NAME, elapsed_ms(started)])
        head = json.dumps(envelope, ensure_ascii=False).encode()
        if len(head) > HEAD_LIMIT_BYTES:
            raise ValueError("what the stages found outgrew the envelope")
        passed = {"Sluice-Envelope": len(head), "Sluice-Slip": remaining or None}
        for name in ("Sluice-Deadline", "Sluice-Attempt", "traceparent", "tracestate"):
            passed[name] = headers.get(name.lower())
        present = {name: value for name, value in passed.items() if value is not None}
        self.connection.publish(f"sluice.v1.stage.{following}", head + body, present, reply)

    def refuse(self, reply, headers, envelope, started, code, message):
        failure = {
            "error": {"code": code, "message": message, "stage": NAME},
            "attempts": [],
            "found": envelope["found"],
            "guards": [*envelope["guards"], {"guard": NAME, "ran": True, "action": "block"}],
            "timings": [*envelope["timings"], [NAME, elapsed_ms(started)]],
        }
        self.connection.publish(reply, json.dumps(failure).encode(), {"Sluice-Type": "error", "Sluice-Attempt": headers.get("sluice-attempt", "1")})


def elapsed_ms(started):
    return round((time.perf_counter() - started) * 1000, 3)


def announce(connection, leaving=False):
    presence = {"instance": INSTANCE, "version": VERSION, "inFlight": 0, "capacity": 64}
    if leaving:
        presence["leaving"] = True
    connection.publish(f"sluice.v1.presence.{NAME}", json.dumps(presence).encode())


async def heartbeat(connection):
    while True:
        announce(connection)
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def serve(stopping):
    connection = await Connection.open(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    connection.subscribe(f"sluice.v1.stage.{NAME}", NAME, RedactorStage(connection).receive)
    tasks = [asyncio.ensure_future(work) for work in (connection.run(), heartbeat(connection), stopping.wait())]
    print(f"{INSTANCE} serves sluice.v1.stage.{NAME}", flush=True)
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    if stopping.is_set():
        announce(connection, leaving=True)
        await connection.writer.drain()
        connection.writer.close()
        return
    done.pop().result()  # raises what ended the connection


async def main():
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    while not stopping.is_set():
        try:
            await serve(stopping)
        except (OSError, EOFError, ConnectionError) as error:
            print(f"no connection: {error}; trying again", flush=True)
            await asyncio.sleep(RECONNECT_SECONDS)


asyncio.run(main())
