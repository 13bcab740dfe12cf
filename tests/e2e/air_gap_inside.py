"""The program in a network of its own that has loopback only; `unshare -n` starts this.

Arguments: what the scripted server does ("good", "list" or "generation": which request it sends
elsewhere), the host under which the program asks it, a source file, and a file for the trace.
Standard output is one JSON object: the program's status, output and errors, the server's port.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys

from tests.program import run
from tests.servers.openai_server import OpenAIServer
from tests.servers.script import Request, Script, reply
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer
from tests.traced import under_strace

ELSEWHERE = "10.1.2.3"
TEXT = "## High: Reëntrancy\n"
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_REQUEST = "16sH22x"


def bring_loopback_up() -> None:
    """Have loopback answer, which a new network does not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack(_REQUEST, b"lo", 0)
        flags = struct.unpack(_REQUEST, fcntl.ioctl(any_socket, _GET_FLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack(_REQUEST, b"lo", flags | _UP))


def _elsewhere(request: Request) -> Script:
    headers = {"Location": f"http://{ELSEWHERE}{request.path}"}
    return reply(b"", 307, content_type="", headers=headers)


def main(behaviour: str, host: str, source: str, trace: str) -> None:
    bring_loopback_up()
    server = OpenAIServer(Answer(TEXT, natural=True))
    if behaviour == "list":
        server.routes["GET", "/v1/models"] = _elsewhere
    if behaviour == "generation":
        server.routes["POST", "/v1/chat/completions"] = _elsewhere
    with ThreadedServer(server):
        url = f"http://{host}:{server.port}/v1"
        options = ["--air-gap", "--provider", "openai", "--base-url", url]
        status, out, err = run("audit", source, *options, under=under_strace(trace))
    result = {"status": status, "out": out, "err": err, "port": server.port}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
