"""Install an app: a folder, a tar archive or a zip archive into the apps folder of an instance. Archives are untrusted."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from caltrop.errors import CaltropError, Location

MAX_DEPTH = 64
MAX_FILES = 50_000
MAX_BYTES = 2 * 1024**3
_APP_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$")
_PARTS = frozenset({"default", "local", "metadata"})  # folders of an app
_KEPT = ("local", "metadata/local.meta")  # what an update leaves as it is
READ = ("default", "local", "lookups", "metadata")  # what configuration and knowledge are read from


class PackageError(CaltropError):
    """A package that is damaged, unsafe, or in the way of an installed app."""


def install_app(
    package: Path,
    apps_dir: Path,
    *,
    update: bool = False,
    replaced: Container[str] = (),
    differs: Callable[[frozenset[str]], object] = lambda _: None,
) -> str:
    """Unpack a package into `apps_dir` and give the app's name.

    An installed app of that name is replaced only with `update`: its `local` settings, `local.meta` and lookups that the
    package does not bring stay. One of the `replaced` goes as if it had not been there. The app appears complete or not at all.
    `differs` hears of an update which files of `READ` have other bytes than before, or came or went, and the folders of these.
    """
    apps_dir.mkdir(parents=True, exist_ok=True)
    with _unpacked(package, apps_dir) as folder:
        name = folder.name
        target = apps_dir / name
        gone = name in replaced
        if target.exists() and not (update or gone):
            raise PackageError(f"app {name!r} is installed already", hint="update it instead")
        if target.exists():
            if not gone:
                _keep(target, folder)
                differs(_differing(target, folder))
            old = Path(tempfile.mkdtemp(prefix=".old-", dir=apps_dir))
            target.rename(old / name)
            try:
                folder.rename(target)
            except OSError:
                (old / name).rename(target)
                raise
            finally:
                shutil.rmtree(old, ignore_errors=True)
        else:
            folder.rename(target)
        return name


def _differing(installed: Path, new: Path) -> frozenset[str]:
    """Files of `READ`, below the app's folder, that are not the same in both, and the folders of those that only one has."""
    before, after = ({file.relative_to(app).as_posix(): file for file in _read_of(app)} for app in (installed, new))
    changed = {name for name in before.keys() & after.keys() if before[name].read_bytes() != after[name].read_bytes()}
    alone = before.keys() ^ after.keys()
    return frozenset(changed | alone | {name.rpartition("/")[0] for name in alone})


def _read_of(app: Path) -> Iterator[Path]:
    for part in READ:
        for folder, _, names in os.walk(app / part):
            yield from (Path(folder, name) for name in names)


def _keep(installed: Path, new: Path) -> None:
    for part in _KEPT:
        source, target = installed / part, new / part
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for lookup in (installed / "lookups").glob("*"):
        target = new / "lookups" / lookup.name
        if lookup.is_file() and not target.exists():
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(lookup, target)


@contextmanager
def _unpacked(package: Path, beside: Path) -> Iterator[Path]:
    """The app folder of a package in a scratch folder on the same file system."""
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=beside))
    try:
        if package.is_dir():
            name = package.resolve().name
            _check_name(name, package)
            if scratch.resolve().is_relative_to(package.resolve()):
                message = "the folder holds the one that apps are installed in"
                raise PackageError(message, location=Location(str(package)), hint="name the app's own folder")
            for folder, _, _ in os.walk(package):
                if len(Path(folder).relative_to(package).parts) > MAX_DEPTH:
                    raise PackageError(
                        f"the folder is more than {MAX_DEPTH} folders deep", location=Location(str(package))
                    )
            shutil.copytree(
                package, scratch / name, symlinks=False, ignore=shutil.ignore_patterns(".git", "__pycache__")
            )
        elif package.is_file():
            name = _extract(package, scratch)
        else:
            raise PackageError("no such package", location=Location(str(package)))
        yield scratch / name
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_name(name: str, package: Path) -> None:
    if not _APP_NAME.match(name):
        raise PackageError(f"not the name of an app: {name!r}", location=Location(str(package)))


@dataclass(frozen=True, slots=True)
class _Member:
    """One entry of an archive. `content` is None for a folder."""

    name: str
    size: int
    plain: bool  # a file or a folder, no link and no device
    executable: bool
    content: Callable[[], IO[bytes] | None] | None


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        content = None if info.isdir() else partial(archive.extractfile, info)
        yield _Member(info.name, info.size, info.isfile() or info.isdir(), bool(info.mode & 0o100), content)


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        mode = info.external_attr >> 16  # 0 where the archive was not made on Unix
        plain = stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR) and not info.flag_bits & 1
        content = None if info.is_dir() else partial(archive.open, info)
        yield _Member(info.filename, info.file_size, plain, bool(mode & 0o100), content)


@contextmanager
def _members(package: Path) -> Iterator[Iterator[_Member]]:
    if zipfile.is_zipfile(package):
        with zipfile.ZipFile(package) as archive:
            yield _zip_members(archive)
    else:
        with tarfile.open(package, "r:*") as tar:
            yield _tar_members(tar)


def _extract(package: Path, scratch: Path, *, wrapped: bool = False) -> str:
    """Unpack into `scratch`; the name of the app's folder there. `wrapped`: the package lay in another."""
    tops: set[str] = set()
    size = count = 0
    try:
        with _members(package) as members:
            for member in members:
                path = PurePosixPath(member.name)
                parts = [p for p in path.parts if p != "."]
                if path.is_absolute() or ".." in parts or any("\\" in p or "\x00" in p for p in parts):
                    raise PackageError(f"unsafe path in the package: {member.name!r}", location=Location(str(package)))
                if len(parts) > MAX_DEPTH:
                    raise PackageError(
                        f"a path in the package is {len(parts):,} folders deep, more than {MAX_DEPTH}",
                        location=Location(str(package)),
                    )
                if not parts or parts[0].startswith("._") or parts[0] in ("__MACOSX", ".DS_Store"):
                    continue
                if not member.plain:
                    raise PackageError(
                        f"links and devices are not allowed in a package: {member.name!r}",
                        location=Location(str(package)),
                    )
                count, size = count + 1, size + member.size
                if count > MAX_FILES or size > MAX_BYTES:
                    raise PackageError(
                        f"the package is larger than {MAX_FILES} files or {MAX_BYTES >> 20} MB",
                        location=Location(str(package)),
                    )
                _check_name(parts[0], package)
                tops.add(parts[0])
                target = scratch.joinpath(*parts)
                if member.content is None:
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                source = member.content()
                if source is not None:
                    with source, target.open("wb") as out:
                        shutil.copyfileobj(source, out)
                    target.chmod(0o755 if member.executable else 0o644)
    # zipfile raises NotImplementedError for a compression that it does not know.
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        # tarfile lists what each of its readers said of a file that is for none of them.
        none = isinstance(error, tarfile.ReadError) and "\n" in str(error)
        why = "it is neither a tar nor a zip archive" if none else str(error)
        raise PackageError(f"cannot unpack: {why}", location=Location(str(package))) from error
    if tops & _PARTS:
        message = f"a package holds one app folder, this one begins with {', '.join(sorted(tops & _PARTS))}"
        raise PackageError(message, location=Location(str(package)), hint="pack the folder, not what is in it")
    if len(tops) != 1:
        names = ", ".join(sorted(tops)[:5])
        message = f"a package holds one app folder, this one has {len(tops)}" + (f": {names}" if names else "")
        raise PackageError(message, location=Location(str(package)))
    return _app(scratch, tops.pop(), package, wrapped)


def _app(scratch: Path, top: str, package: Path, wrapped: bool) -> str:
    """The app among what was unpacked: people pass packages on in a zip archive, and zip programs add a folder of their own."""
    found = scratch / top
    if found.is_file():
        if wrapped or not (zipfile.is_zipfile(found) or tarfile.is_tarfile(found)):
            return top
        inner = found.rename(Path(tempfile.mkdtemp(dir=scratch)) / top)
        return _extract(inner, scratch, wrapped=True)
    if not any((found / part).is_dir() for part in _PARTS):
        inside = [one for one in found.iterdir() if (one / "default").is_dir() or (one / "local").is_dir()]
        if len(inside) == 1 and inside[0].name != top:
            _check_name(inside[0].name, package)
            inside[0].rename(scratch / inside[0].name)
            return inside[0].name
    return top
