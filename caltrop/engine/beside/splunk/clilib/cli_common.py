"""Merged configuration of the installation, read from its files: what `btool` would print, in the global context."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .bundle_paths import make_splunkhome_path

Stanzas = dict[str, dict[str, str]]
DEFAULT = "default"


def server_facts() -> dict[str, str]:
    """What the server wrote down about itself when it started; nothing where none did."""
    try:
        found = json.loads(Path(make_splunkhome_path(["run", "server.json"])).read_text("utf-8"))
    except (KeyError, OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def getMgmtUri() -> str:
    """`https://host:port` of the server that runs the script."""
    return os.environ.get("SPLUNKD_URI") or server_facts().get("uri") or "https://127.0.0.1:8089"


def getWebUri() -> str:
    return server_facts().get("web") or "http://127.0.0.1:8000"


def getConfStanza(confName: str, stanzaName: str) -> dict[str, str]:
    """The settings of a stanza with those of `[default]`. Raises KeyError where there is no such stanza."""
    return getMergedConf(confName)[stanzaName]


def getConfStanzas(confName: str) -> Stanzas:
    return getMergedConf(confName)


def getConfKeyValue(confName: str, stanzaName: str, key: str) -> str:
    """A setting. Raises KeyError for a stanza or a setting that is not there."""
    return getConfStanza(confName, stanzaName)[key]


def getOptConfKeyValue(confName: str, stanzaName: str, key: str, default: Any = None) -> Any:
    return getMergedConf(confName).get(stanzaName, {}).get(key, default)


def getMergedConf(confName: str) -> Stanzas:
    """All stanzas: system/local over each app's local over each app's default over system/default, apps in order of their names,
    the first being the strongest; `[default]` holds in every stanza."""
    merged: Stanzas = {}
    for path in reversed(list(_layers(confName))):
        for stanza, settings in readConfFile(path).items():
            merged.setdefault(stanza, {}).update(settings)
    everywhere = merged.get(DEFAULT, {})
    return {name: {**everywhere, **settings} for name, settings in merged.items()}


def getAppConf(confName: str, app: str, use_btool: bool = True, app_path: str | None = None) -> Stanzas:
    """The stanzas of one app: its local over its default."""
    folder = Path(app_path or make_splunkhome_path(["etc", "apps", app]))
    merged: Stanzas = {}
    for layer in ("default", "local"):
        for stanza, settings in readConfFile(folder / layer / f"{confName}.conf").items():
            merged.setdefault(stanza, {}).update(settings)
    return merged


def _layers(confName: str) -> Iterator[Path]:
    """The files, the strongest first."""
    name = f"{confName}.conf"
    etc = Path(make_splunkhome_path(["etc"]))
    apps = sorted((etc / "apps").iterdir()) if (etc / "apps").is_dir() else []
    yield etc / "system" / "local" / name
    for layer in ("local", "default"):
        for app in apps:
            yield app / layer / name
    yield etc / "system" / "default" / name


def readConfFile(path: str | Path) -> Stanzas:
    """The stanzas of a file; settings before the first are `[default]`'s. No file has none."""
    found: Stanzas = {}
    stanza = DEFAULT
    try:
        text = Path(path).read_text("utf-8-sig", errors="replace")
    except OSError:
        return {}
    for line in _joined(text.splitlines()):
        content = line.strip()
        if content.startswith("[") and "]" in content:
            stanza = content[1 : content.rindex("]")]
            found.setdefault(stanza, {})
        elif content and not content.startswith("#") and "=" in content:
            key, _, value = content.partition("=")
            found.setdefault(stanza, {})[key.strip()] = value.strip()
    return found


def _joined(lines: list[str]) -> Iterator[str]:
    """Lines, those that end in a backslash with the ones behind them."""
    held: list[str] = []
    for line in lines:
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            held.append(line[:-1])
            continue
        yield "\n".join([*held, line])
        held = []
    if held:
        yield "\n".join(held)


def writeConfFile(path: str, confDict: Stanzas) -> None:
    """Write a whole file, in place of the one that is there."""
    text = "".join(
        f"[{stanza}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()) + "\n"
        for stanza, settings in confDict.items()
    )
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f"{target.name}.new")
    new.write_text(text, "utf-8")
    new.replace(target)


def isWindows() -> bool:
    return sys.platform.startswith("win")
