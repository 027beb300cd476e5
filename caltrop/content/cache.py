"""What was read before is not read again: a content-addressed cache of files and of checks.

A key is a hash of everything that decides the result: bytes, path, the toolkit's own source. So an entry is never
stale; one that is broken, missing or written by two builds at once is only slower.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from caltrop.content.fingerprint import toolkit

_SIZE = 20


def key(*parts: bytes) -> bytes:
    """A key of the parts; parts are told apart by their lengths."""
    digest = hashlib.blake2b(digest_size=_SIZE, key=toolkit())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def home(root: Path) -> Path:
    """The folder of this machine that keeps what was read of a repository: below `CALTROP_CACHE`, else where caches are by custom.

    For commands that only read: nothing is written into the repository.
    """
    base = os.environ.get("CALTROP_CACHE") or os.environ.get("XDG_CACHE_HOME")
    folder = Path(base) if base else Path.home() / ".cache"
    name = hashlib.blake2b(str(root.resolve()).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    return folder / "caltrop" / "content" / name


class Bundle:
    """Entries by key in one file. Only the keys that were used in this run are kept when it is saved."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._old = _load(path)
        self._used: dict[bytes, bytes] = {}

    def get(self, key_: bytes) -> bytes | None:
        found = self._used.get(key_)
        if found is None:
            found = self._old.get(key_)
            if found is not None:
                self._used[key_] = found
        return found

    def put(self, key_: bytes, value: bytes) -> None:
        self._used[key_] = value

    def save(self) -> None:
        """In one move; a folder that cannot be written only means no cache."""
        if self._used.keys() == self._old.keys():
            return
        payload = msgspec.msgpack.encode(self._used)
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.blake2b(payload, digest_size=_SIZE).digest() + payload)
            partial.replace(self._path)
        except OSError:
            with suppress(OSError):
                partial.unlink()


def _load(path: Path) -> dict[bytes, bytes]:
    """Entries of a cache file; none when it is not there, cut short, altered or of another shape."""
    try:
        body = path.read_bytes()
    except OSError:
        return {}
    payload = body[_SIZE:]
    if hashlib.blake2b(payload, digest_size=_SIZE).digest() != body[:_SIZE]:
        return {}
    try:
        return msgspec.msgpack.decode(payload, type=dict[bytes, bytes])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}
