"""What the scripted model servers have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tests.servers.scripted import ScriptedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from tests.servers.script import Request


class ModelServer(ScriptedServer):
    """A server whose answers are streams.

    Attributes:
        generating: the path that a stream is asked for at.
        answer: how the next ones are given.
    """

    generating: ClassVar[str]

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self.answer = answer or Answer()

    @property
    def generations(self) -> int:
        """Requests for text that have arrived, whatever they were answered with."""
        return sum(self.generates(request) for request in self.requests)

    def generates(self, request: Request) -> bool:
        """Whether a request asks for text."""
        path = request.path.partition("?")[0]
        return (request.method, path) == ("POST", self.generating)
