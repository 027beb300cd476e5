"""The class that handlers of `scripttype = persist` are made of."""

from __future__ import annotations

from typing import Any


class PersistentServerConnectionApplication:
    """`handle` is given a request as JSON and gives an answer: a dictionary with `payload`, `status` and `headers`."""

    def __init__(self, command_line: Any = None, command_arg: Any = None) -> None:
        self.command_line = command_line
        self.command_arg = command_arg

    def handle(self, in_string: Any) -> Any:
        raise NotImplementedError("a handler has its own handle()")

    def handleStream(self, handle: Any, in_string: Any) -> Any:
        raise NotImplementedError("answers in pieces are not given here")

    def done(self) -> None:
        """The request has been answered."""
