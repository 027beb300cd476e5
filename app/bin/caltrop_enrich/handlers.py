"""How commands are registered, and what several of them ask of their arguments."""

from __future__ import annotations

from typing import Callable, Dict, Tuple

from .cmdlets import OTHERS
from .machine import Invocation, Machine
from .programs import host_of
from .records import Call
from .values import Strings, Thing, Value, few_of, flat_texts

Handler = Callable[[Machine, Invocation], Value]
Register = Callable[..., Callable[[Handler], Handler]]


def registry() -> Tuple[Dict[str, Handler], Register]:
    """An empty table of commands by name, and what enters a function into it, under one name or several."""
    table: Dict[str, Handler] = {}

    def command(*names: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            table.update(dict.fromkeys(names, handler))
            return handler

        return register

    return table, command


def bound_to(call: Invocation, name: str) -> Dict[str, Value]:
    """A command's arguments by the parameters of the cmdlet `name`."""
    return OTHERS[name].bind(call.arguments)


def hosts_of(bound: Dict[str, Value], *names: str) -> Strings:
    """The hosts that parameters name: texts, sessions, addresses of connections."""
    found: Strings = []
    for name in names:
        for item in few_of(bound.get(name)):
            if isinstance(item, Thing):
                found += _session_hosts(item)
            else:
                texts = [text for text in flat_texts(item) if name != "Session" or text[:1] not in "$(@"]
                found += [host_of(text) for text in texts] if name.lower() == "connectionuri" else texts
    return list(dict.fromkeys(found))


def _session_hosts(thing: Thing) -> Strings:
    if thing.kind == "session":
        return list(thing.data)
    if thing.kind == "wmi":
        call: Call = thing.data
        return flat_texts(call.parameters.get("ComputerName"))
    return []


def credentials_of(bound: Dict[str, Value]) -> Strings:
    """What `-Credential` is given."""
    return flat_texts(bound.get("Credential"))
