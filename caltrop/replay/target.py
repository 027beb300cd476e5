"""What a proof needs of a Splunk, and no more. `remote.RemoteTarget` is one by URL; tests have one in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from caltrop.errors import CaltropError
from caltrop.replay.verdict import AddOn

POLL_SECONDS = 0.1

Row = dict[str, Any]  # field -> text, or list of texts for a multivalue field


class TargetError(CaltropError):
    """The target refused or could not do what the proof needs."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where events say they come from; the four default fields of every event."""

    index: str
    host: str
    source: str
    sourcetype: str


class Job(Protocol):
    """A search that was started."""

    @property
    def sid(self) -> str: ...


class SavedSearch(Protocol):
    """A saved search as splunk-sdk gives it: its settings, its runs, its schedule."""

    @property
    def name(self) -> str: ...

    @property
    def content(self) -> Mapping[str, Any]: ...

    def dispatch(self, **arguments: str) -> Job: ...

    def history(self) -> Sequence[Job]: ...

    def update(self, **settings: Any) -> None: ...

    def enable(self) -> None: ...

    def disable(self) -> None: ...


class Receiver(Protocol):
    """Takes events in."""

    def send(self, source: Source, events: Iterable[Mapping[str, Any]]) -> int:
        """Events as HEC objects; returns how many were sent."""

    def send_raw(self, source: Source, data: bytes) -> None:
        """A whole file as it is: the target breaks it into events by its own rules for the sourcetype."""


class Target(Receiver, Protocol):
    """One Splunk, logged in to. Everything raises TargetError where the target refuses."""

    @property
    def url(self) -> str: ...

    @property
    def prompt(self) -> bool:
        """Whether what it has acknowledged is searchable at once, and alert actions have written when a search is done."""

    def version(self) -> str: ...

    def install(self, package: Path) -> None:
        """Install or update an app from a package file that the target can read."""

    def addons(self) -> list[AddOn]:
        """The enabled apps that people and Caltrop installed, by name: what the proof runs with."""

    def has_app(self, name: str) -> bool: ...

    def ensure_index(self, name: str) -> None:
        """The index exists, and searches that name no index look into it."""

    def allow(self, *indexes: str) -> None:
        """Data may be sent into these indexes."""

    def search(self, spl: str, **arguments: Any) -> list[Row]:
        """All result rows of an ad-hoc search, waited for."""

    def finish(self, job: Job, *, what: str) -> list[Row]:
        """Wait until a job is done and read its rows."""

    def saved_search(self, name: str, app: str) -> SavedSearch: ...

    def macro(self, name: str, app: str) -> str:
        """The definition of a macro, as the target has it now."""

    def macro_settings(self, name: str, app: str) -> Mapping[str, str] | None:
        """The settings of a macro by its stanza (`name(2)` with two arguments), as the target has it now; None where there is none."""

    def set_macro(self, name: str, app: str, definition: str) -> None: ...


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Call `condition` until it is true; TargetError names `what` when it did not become so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TargetError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(POLL_SECONDS)
