"""A stand-in for llama-server: a program that takes its flags and misbehaves as it is told.

The variable FAKE_ENGINE holds words: `slow` never gets ready, `dies` ends while it loads,
`old` knows no --no-webui, `deaf` ignores SIGTERM, `talks` writes a megabyte before it is ready.
FAKE_ENGINE_TELL is a port that it connects to and never leaves: the end of that connection is
the end of the program.
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import signal
import socket
import sys


class _Handler(http.server.BaseHTTPRequestHandler):
    words: frozenset[str] = frozenset()

    def do_GET(self) -> None:
        body = json.dumps({"status": "ok", "environment": dict(os.environ)}).encode()
        self.send_response(503 if "slow" in self.words else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def main() -> None:
    words = frozenset(os.environ.get("FAKE_ENGINE", "").split())
    parser = argparse.ArgumentParser()
    for flag in ("-m", "--host", "--port", "-c", "-np", "-t", "--alias"):
        parser.add_argument(flag)
    parser.add_argument("--no-webui", action="store_true")
    given = parser.parse_args()
    if "old" in words and given.no_webui:
        sys.exit("error: unknown argument: --no-webui")
    if "deaf" in words:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        _Handler.words = words
        server = http.server.HTTPServer((given.host, int(given.port)), _Handler)
    except OSError:
        sys.exit(f"start: couldn't bind HTTP server socket, port: {given.port}")
    if "dies" in words:
        sys.stderr.write("loading model\n")
        sys.exit("error loading model: tensors are missing")
    if "talks" in words:
        for number in range(10_000):
            sys.stdout.write(f"line {number} ".ljust(100, ".") + "\n")
        sys.stdout.flush()
    told = os.environ.get("FAKE_ENGINE_TELL")
    connection = socket.create_connection(("127.0.0.1", int(told))) if told else None
    server.serve_forever()
    del connection


if __name__ == "__main__":
    main()
