"""Data sets from the network, kept by what they are: `<sha256>/<name>`, and for each URL the sha256 that it gave.

A download that was cut goes on where it stopped, where the server says that the file is still the same one.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote, urlsplit

from caltrop.errors import CaltropError

MAX_BYTES = 2 * 1024**3  # of a download that is not pinned
CHUNK = 1 << 20
TIMEOUT_SECONDS = 30
URLS, PARTS = "urls", "parts"
Progress = Callable[[int, "int | None"], object]  # bytes so far, bytes in all where that is known


class DatasetError(CaltropError):
    """The data of a test cannot be used."""


class Unreachable(DatasetError):
    """The data is somewhere that this machine cannot reach; a fallback may stand in."""


def untold(so_far: int, total: int | None) -> None:
    """Nobody looks at how far it is."""


@dataclass(frozen=True, slots=True)
class Downloads:
    """What was downloaded into a folder."""

    folder: Path

    def find(self, url: str, sha256: str = "") -> Path | None:
        """The data of a URL as it was downloaded; by its pin, where there is one, whatever the URL."""
        digest = sha256.lower() or self._known(url)
        return self._file(digest, url) if digest else None

    def fetch(self, url: str, *, sha256: str = "", size: int = 0, progress: Progress = untold) -> Path:
        """Download unless it is here. Raises Unreachable where nobody answers, DatasetError for what is not what was pinned, is
        larger than allowed, or comes over anything but https."""
        _only_https(url, url)
        key = hashlib.sha256(url.encode()).hexdigest()
        part = self.folder / PARTS / key
        part.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part.with_suffix(".lock")):  # another process may be at it: then it is here afterwards
            found = self.find(url, sha256)
            if found is not None:
                return found
            try:
                _receive(url, part, size or MAX_BYTES, progress)
            except DatasetError:
                part.unlink(missing_ok=True)
                raise
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                if isinstance(error, urllib.error.HTTPError) and error.code in (404, 410):
                    raise DatasetError(f"{url} does not exist any more (HTTP {error.code})") from error
                reason = getattr(error, "reason", error)
                kept = part.stat().st_size if part.exists() else 0
                hint = f"{kept:,} bytes are kept: the next try goes on there" if kept else None
                raise Unreachable(f"cannot download {url}: {reason}", hint=hint) from error
            return self._keep(url, part, sha256.lower(), size)

    def _keep(self, url: str, part: Path, sha256: str, size: int) -> Path:
        """The finished part under the name of what it is."""
        digest, length = digest_of(part), part.stat().st_size
        wrong = ""
        if size and length != size:
            wrong = f"{length:,} bytes, pinned are {size:,}"
        elif sha256 and digest != sha256:
            wrong = f"sha256 {digest}"
        if wrong:
            part.unlink()
            part.with_suffix(".json").unlink(missing_ok=True)
            raise DatasetError(
                f"{url} is not what was pinned: {wrong}", hint="if the change is meant, pin the new size and sha256"
            )
        path = self.folder / digest / _name(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        part.replace(path)
        part.with_suffix(".json").unlink(missing_ok=True)
        record = self.folder / URLS / hashlib.sha256(url.encode()).hexdigest()
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"url": url, "sha256": digest}))
        return path

    def _known(self, url: str) -> str:
        try:
            return str(
                json.loads((self.folder / URLS / hashlib.sha256(url.encode()).hexdigest()).read_bytes())["sha256"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _file(self, digest: str, url: str) -> Path | None:
        folder = self.folder / digest
        named = folder / _name(url)
        if named.is_file():
            return named
        return next((path for path in sorted(folder.glob("*")) if path.is_file()), None) if folder.is_dir() else None

    def damaged(self) -> Iterator[Path]:
        """Files that are not what their folder says."""
        for folder in sorted(self.folder.glob("?" * 64)):
            for path in sorted(folder.iterdir()):
                if path.is_file() and digest_of(path) != folder.name:
                    yield path


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name or "data"


def _only_https(url: str, leads_to: str) -> None:
    if urlsplit(leads_to).scheme != "https":
        raise DatasetError(
            f"datasets are downloaded over https only, not {url!r}"
            if url == leads_to
            else f"{url} redirects to {leads_to}, which is not https"
        )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _receive(url: str, part: Path, limit: int, progress: Progress) -> None:
    """All bytes of the URL in `part`. What is there already is asked for no more, if the server knows by its mark that it is of
    the same file."""
    mark_file = part.with_suffix(".json")
    mark = _mark(mark_file) if part.exists() else ""
    have = part.stat().st_size if mark else 0
    headers = {"User-Agent": "caltrop"} | ({"Range": f"bytes={have}-", "If-Range": mark} if have else {})
    try:
        reply = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:
            raise
        part.unlink()  # there is no such rest: it is another file, or it is whole and its end was missed
        _receive(url, part, limit, progress)
        return
    with reply:
        _only_https(url, reply.url)
        goes_on = reply.status == 206 and str(reply.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
        have = have if goes_on else 0
        length = reply.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else None
        mark = reply.headers.get("ETag") or reply.headers.get("Last-Modified") or ""
        mark_file.write_text(json.dumps({"mark": "" if mark.startswith("W/") else mark}))
        with part.open("ab" if goes_on else "wb") as out:
            _copy(reply, out, url, have, total, limit, progress)


def _copy(
    reply: IO[bytes], out: IO[bytes], url: str, have: int, total: int | None, limit: int, progress: Progress
) -> None:
    progress(have, total)
    while chunk := reply.read(CHUNK):
        have += len(chunk)
        if have > limit:
            raise DatasetError(f"{url} is larger than {limit:,} bytes, as pinned or allowed")
        out.write(chunk)
        progress(have, total)
    if total is not None and have < total:
        raise ConnectionError(f"cut after {have:,} of {total:,} bytes")
    out.flush()
    os.fsync(out.fileno())


def _mark(file: Path) -> str:
    try:
        return str(json.loads(file.read_bytes())["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
