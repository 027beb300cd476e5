"""The errors of searches: what was found, what was expected, and where; and the same in the words that splunkd uses for it.

People look up splunkd's words and clients match them, so they come first; our own account, the place and the hint follow.
"""

from __future__ import annotations

from caltrop.errors import CaltropError, Location
from caltrop.spl.ast import Span
from caltrop.spl.source import position

# Who speaks in splunkd's messages, where that is not "'NAME' command".
PARSER = "'SearchParser'"
PROCESSOR = "'SearchProcessor'"
NOBODY = ""
_SPEAKERS = {"eval": "'EvalCommand'"}


def speaker_of(command: str) -> str:
    """How splunkd names the part that runs a command."""
    return _SPEAKERS.get(command, f"'{command}' command")


class QueryError(CaltropError):
    """A search that cannot be read or run.

    `says` is splunkd's sentence for it, where that is known; `by` who says it (None: the command that the error happened
    in, "": nobody, the sentence stands alone); `command` that command, once it is known.
    """

    def __init__(
        self,
        message: str,
        *,
        location: Location | None = None,
        hint: str | None = None,
        code: str | None = None,
        says: str | None = None,
        by: str | None = None,
        command: str | None = None,
    ) -> None:
        super().__init__(message, location=location, hint=hint, code=code)
        self.says = says
        self.by = by
        self.command = command

    @property
    def words(self) -> str:
        """What splunkd says: `Error in 'rex' command: …`."""
        sentence = self.says if self.says is not None else self.message
        speaker = self.by if self.by is not None else speaker_of(self.command) if self.command else NOBODY
        return f"Error in {speaker}: {sentence}" if speaker else sentence

    @property
    def place(self) -> str:
        """`line:column` in the search as it was written, "" where it is not known."""
        return f"{self.location.line}:{self.location.column}" if self.location else ""

    @property
    def account(self) -> str:
        """What splunkd does not tell: our own words where they are others, the place, the hint; "" where there is none."""
        own = self.message if self.says is not None and self.says != self.message else ""
        told = ": ".join(piece for piece in (f"at {self.place}" if self.place else "", own) if piece)
        return f"{told} ({self.hint})" if told and self.hint else told or self.hint or ""

    def inside(self, command: str) -> None:
        """Note the command that it happened in, unless a nearer one is known."""
        if self.command is None:
            self.command = command

    def __str__(self) -> str:
        if self.says is None or self.says == self.message:
            return f"{self.words} at {self.place}" if self.place else self.words
        return f"{self.words} (at {self.place}: {self.message})" if self.place else f"{self.words} ({self.message})"


class SplError(QueryError):
    """A search that cannot be read. `span` are offsets into `source`, the text that was being read."""

    def __init__(
        self,
        message: str,
        *,
        source: str,
        span: Span,
        hint: str | None = None,
        code: str | None = None,
        says: str | None = None,
        by: str | None = None,
        command: str | None = None,
    ) -> None:
        where = position(source, span.start)
        super().__init__(
            message, location=Location("", where.line, where.column), hint=hint, code=code, says=says, by=by, command=command
        )  # fmt: skip
        self.source = source
        self.span = span
        self.line = where.line
        self.column = where.column

    def moved(self, source: str, span: Span) -> SplError:
        """The same error at a place of another text."""
        return SplError(
            self.message, source=source, span=span, hint=self.hint, code=self.code,
            says=self.says, by=self.by, command=self.command,
        )  # fmt: skip

    def underlined(self) -> str:
        """The line of the error with a caret below the place."""
        return position(self.source, self.span.start).underlined(self.span.end - self.span.start)
