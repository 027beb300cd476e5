"""Values that another server has encrypted (`$7$…`, `$1$…`): its splunk.secret is not here, so they stay what they are and are told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.knowledge.asking import Fault
from caltrop.knowledge.configuration import Configuration

_ENCRYPTED = re.compile(r"\$[17]\$[A-Za-z0-9+/]{4,}={0,2}")


def encrypted(value: str) -> bool:
    """Whether a value is one that only the server which wrote it can read."""
    return _ENCRYPTED.fullmatch(value.strip()) is not None


def faults(configuration: Configuration, app: str | None = None) -> Iterator[Fault]:
    """The encrypted settings of all apps, or of one, by place."""
    folders = configuration.apps() if app is None else {app: configuration.app_path(app)}
    for conf in sorted({path.stem for folder in folders.values() for path in folder.glob("*/*.conf")}):
        for name, stanza in configuration.stanzas(conf).items():
            for key, setting in stanza.settings.items():
                if encrypted(setting.value) and setting.app in folders:
                    what = f"[{name}] {key} is encrypted by another server, whose splunk.secret is not here: it stays as it is"
                    yield Fault(setting.place, what, frozenset())
