"""What the reader notes down: each use of WMI or of another way onto a host, before it becomes fields."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from .values import Strings, Value

# Fields that a call names outright, beyond those that its parameters are sorted into (`calls.facts`).
EXTRA = (
    "remote_access",
    "service_name",
    "remote_task",
    "remote_share",
    "dcom_object",
    "wmi_consumer",
    "wmi_filter",
    "wmi_script",
    "download_url",
    "executed_url",
)


class Call:
    """One use: the cmdlet of WMI ("" for any other way), its bound parameters, and what could not be read.

    `method`: `.Create("…")` on the object, its name and then its arguments. `hosts`, `commands` and `extra` (by field) are what a use
    that is no WMI cmdlet says outright.
    """

    __slots__ = ("cmdlet", "commands", "credentials", "extra", "hosts", "method", "parameters", "unresolved")

    def __init__(self, cmdlet: str, parameters: Optional[Dict[str, Value]] = None) -> None:
        self.cmdlet = cmdlet
        self.parameters: Dict[str, Value] = {} if parameters is None else parameters
        self.method: List[Value] = []
        self.unresolved: Strings = []
        self.hosts: Strings = []
        self.commands: Strings = []
        self.credentials: Strings = []
        self.extra: Dict[str, Strings] = {}


def way(
    access: str,
    hosts: Strings,
    commands: Optional[Strings] = None,
    credentials: Optional[Strings] = None,
    **extra: Strings,
) -> Call:
    """A use of another way onto hosts than WMI, by the word for it."""
    call = Call("")
    call.hosts = [host for host in hosts if host]
    call.commands = [command for command in commands or [] if command]
    call.credentials = credentials or []
    call.extra = {name: values for name, values in extra.items() if values}
    if access and (hosts or access == "dcom"):
        call.extra["remote_access"] = [access]
    return call


def said(what: str) -> Call:
    """What could not be read."""
    call = Call("")
    call.unresolved = [what]
    return call


class Reading(NamedTuple):
    """The calls of a script; the scripts and the command lines to be read by themselves; the texts that came out of it, computed
    or decoded; and why it was not read to its end ("" when it was)."""

    calls: List[Call]
    scripts: Strings
    lines: Strings
    payloads: Strings
    error: str
