"""Events of a stream as services send them, one for each number: all of one shape."""

from __future__ import annotations

import json


def openai_event(number: int) -> bytes:
    """As OpenAI's service sends it, and all that imitate it."""
    chunk = {
        "id": "chatcmpl-benchmark",
        "object": "chat.completion.chunk",
        "created": 1795394736,
        "model": "benchmark",
        "choices": [{"index": 0, "delta": {"content": f" w{number}"}, "finish_reason": None}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def anthropic_event(number: int) -> bytes:
    """As Anthropic's service sends it."""
    delta = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": f" w{number}"},
    }
    return b"event: content_block_delta\ndata: " + json.dumps(delta).encode() + b"\n\n"


def ollama_event(number: int) -> bytes:
    """As Ollama sends it: a line of JSON."""
    line = {
        "model": "benchmark",
        "created_at": "2026-11-23T00:56:37.647561899Z",
        "message": {"role": "assistant", "content": f" w{number}"},
        "done": False,
    }
    return json.dumps(line).encode() + b"\n"
