"""Where a test's data is: a path in the repository, or a URL found in a local clone or downloaded once, checked against its pins.

Nothing here passes silently on no data: a file that is missing, empty, truncated, not what was pinned, or a Git LFS
pointer in place of the data is an error that says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from caltrop.content.model import AttackData
from caltrop.replay.clone import Clone, find, is_pointer, pointer_of
from caltrop.replay.downloads import DatasetError, Downloads, Progress, Unreachable, digest_of, untold


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


def resolve(
    data: AttackData,
    root: Path,
    cache: Path,
    *,
    anywhere: bool = False,
    clones: Sequence[Clone] = (),
    progress: Progress = untold,
) -> Dataset:
    """Find the data, download it if need be, and check its pins.

    `root` is the content repository; content stays inside it, a person's own command line (`anywhere`) does not have to. What a
    URL names is taken from the first of `clones` that has it, else from `cache`, else from the network.
    Raises Unreachable when it has to be downloaded and cannot, DatasetError when it
    is there but unusable.
    """
    if is_url(data):
        path = _published(data, cache, clones, progress)
    else:
        path = _local(data, root, anywhere)
    check(path, data)
    label = data.data if not data.member else f"{data.data}!{data.member}"
    return Dataset(path, label, data)


def is_url(data: AttackData) -> bool:
    return "://" in data.data


def _published(data: AttackData, cache: Path, clones: Sequence[Clone], progress: Progress) -> Path:
    located = find(data.data, clones)
    if located is not None and located.state == "here":
        assert located.path is not None
        return located.path
    pointer = pointer_of(located.path) if located is not None and located.path is not None else None
    sha256 = data.sha256 or (pointer.sha256 if pointer else "")
    downloads = Downloads(cache)
    try:
        found = downloads.find(data.data, sha256)
        told = {} if progress is None else {"progress": progress}
        return found or downloads.fetch(
            data.data, sha256=sha256, size=data.size or (pointer.size if pointer else 0), **told
        )
    except Unreachable as error:
        if located is None:
            raise
        raise Unreachable(
            f"{located.path} is a Git LFS pointer, not the data, and it cannot be downloaded: {error.message}",
            hint=f"git lfs pull --include '{located.path.name if located.path else '*'}' in the clone",
        ) from error


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


def check(path: Path, data: AttackData) -> None:
    """Raises DatasetError for a file that is empty, a pointer, or not what was pinned."""
    size = path.stat().st_size
    if size == 0:
        raise DatasetError(f"the dataset {data.data!r} is empty")
    if data.size and size != data.size:
        kind = "truncated" if size < data.size else "longer than pinned"
        raise DatasetError(f"the dataset {data.data!r} is {kind}: {size:,} bytes, pinned are {data.size:,}")
    if is_pointer(path):
        raise DatasetError(
            f"the dataset {data.data!r} is a Git LFS pointer, not the data",
            hint="run git lfs pull, or use its media URL",
        )
    if data.sha256:
        digest = digest_of(path)
        if digest != data.sha256.lower():
            raise DatasetError(
                f"the dataset {data.data!r} is not the pinned one: sha256 {digest}",
                hint="if the change is meant, pin the new size and sha256 in the test",
            )
