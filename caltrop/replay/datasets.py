"""Where a test's data is: a path in the repository, or a URL downloaded once into a cache, checked against its pins.

Nothing here passes silently on no data: a file that is missing, empty, truncated, not what was pinned, or a Git LFS
pointer in place of the data is an error that says which.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

from caltrop.content.model import AttackData
from caltrop.errors import CaltropError

MAX_BYTES = 2 * 1024**3  # of a download that is not pinned
CHUNK = 1 << 20
TIMEOUT_SECONDS = 30


class DatasetError(CaltropError):
    """The data of a test cannot be used."""


class Unreachable(DatasetError):
    """The data is somewhere that this machine cannot reach; a fallback may stand in."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data on disk, checked. `label` is how reports call it."""

    path: Path
    label: str
    data: AttackData

    @property
    def location(self) -> str:
        """As the importers take it: the path, with `!member` for one file of an archive."""
        return f"{self.path}!{self.data.member}" if self.data.member else str(self.path)


def resolve(data: AttackData, root: Path, cache: Path, *, anywhere: bool = False) -> Dataset:
    """Find the data, download it if need be, and check its pins.

    `root` is the content repository; content stays inside it, a person's own command line (`anywhere`) does not have to.
    Raises Unreachable when it has to be downloaded and cannot, DatasetError when it
    is there but unusable.
    """
    if "://" in data.data:
        path = _download(data, cache)
    else:
        path = _local(data, root, anywhere)
    _check(path, data)
    label = data.data if not data.member else f"{data.data}!{data.member}"
    return Dataset(path, label, data)


def _local(data: AttackData, root: Path, anywhere: bool) -> Path:
    outside = Path(data.data).is_absolute() or ".." in PurePosixPath(data.data).parts
    if outside and not anywhere:
        raise DatasetError(
            f"the dataset {data.data!r} is outside the repository",
            hint="keep test data under tests/data, or give a URL",
        )
    path = root / data.data
    if not path.is_file():
        raise DatasetError(f"the dataset {data.data!r} does not exist", hint="paths are relative to the repository")
    return path


def _download(data: AttackData, cache: Path) -> Path:
    parts = urlsplit(data.data)
    if parts.scheme != "https":
        raise DatasetError(f"datasets are downloaded over https only, not {data.data!r}")
    key = data.sha256.lower() or hashlib.sha256(data.data.encode()).hexdigest()
    path = cache / key / (PurePosixPath(parts.path).name or "data")
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    limit = data.size or MAX_BYTES
    try:
        request = urllib.request.Request(data.data, headers={"User-Agent": "caltrop"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:
            if urlsplit(reply.url).scheme != "https":
                raise DatasetError(f"{data.data} redirects to {reply.url}, which is not https")
            _store(reply, path, limit, data)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(error, urllib.error.HTTPError) and error.code in (404, 410):
            raise DatasetError(f"{data.data} does not exist any more (HTTP {error.code})") from error
        raise Unreachable(f"cannot download {data.data}: {reason}") from error
    return path


def _store(reply: IO[bytes], path: Path, limit: int, data: AttackData) -> None:
    """Write beside the goal and rename, so that a cut download never looks like data."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        total = 0
        with os.fdopen(handle, "wb") as out:
            while chunk := reply.read(CHUNK):
                total += len(chunk)
                if total > limit:
                    raise DatasetError(f"{data.data} is larger than {limit:,} bytes, as pinned or allowed")
                out.write(chunk)
        _check(Path(name), data)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _check(path: Path, data: AttackData) -> None:
    size = path.stat().st_size
    if size == 0:
        raise DatasetError(f"the dataset {data.data!r} is empty")
    if data.size and size != data.size:
        kind = "truncated" if size < data.size else "longer than pinned"
        raise DatasetError(f"the dataset {data.data!r} is {kind}: {size:,} bytes, pinned are {data.size:,}")
    with path.open("rb") as file:
        if file.read(64).startswith(b"version https://git-lfs"):
            raise DatasetError(
                f"the dataset {data.data!r} is a Git LFS pointer, not the data",
                hint="run git lfs pull, or use its media URL",
            )
        file.seek(0)
        if data.sha256:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != data.sha256.lower():
                raise DatasetError(
                    f"the dataset {data.data!r} is not the pinned one: sha256 {digest}",
                    hint="if the change is meant, pin the new size and sha256 in the test",
                )
