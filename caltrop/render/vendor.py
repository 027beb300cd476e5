"""splunk-sdk's library for the app's `lib/`, by pinned version and hash, from a cache or from pip.

Its metadata asks for a newer Python than some Splunk releases ship, but `splunklib.searchcommands` runs on 3.9 as well.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from caltrop.errors import CaltropError
from caltrop.render.package import sha256, write_file

VERSION = "3.0.1"
WHEEL = f"splunk_sdk-{VERSION}-py3-none-any.whl"
SHA256 = "cf5b0dc6a6908c84d13f3c62658f54ef1aec2d8421a6646b5281a2f14f0de6ed"
_MAX_BYTES = 16 << 20  # unpacked; the real one is under 2 MB


def sdk_files(cache: Path) -> dict[str, bytes]:
    """Path in the app -> content: the package `splunklib`, its licence, and its metadata, from which it knows its version."""
    out: dict[str, bytes] = {}
    total = 0
    with zipfile.ZipFile(io.BytesIO(_wheel(cache))) as archive:
        for info in archive.infolist():
            path = PurePosixPath(info.filename)
            if info.is_dir() or path.is_absolute() or ".." in path.parts:
                continue
            target = _target(path)
            if target is None:
                continue
            total += info.file_size
            if total > _MAX_BYTES:
                raise CaltropError(
                    f"{WHEEL} unpacks to more than {_MAX_BYTES >> 20} MB", hint="delete it and build again"
                )
            out[target] = archive.read(info)
    if "lib/splunklib/__init__.py" not in out:
        raise CaltropError(f"{WHEEL} holds no splunklib", hint=f"delete it from {cache} and build again")
    return out


def _target(path: PurePosixPath) -> str | None:
    if path.parts[:2] == ("splunklib", "ai"):
        return None  # needs a newer Python than Splunk has, and search commands do not use it
    if path.parts[0] == "splunklib" and path.suffix in (".py", ".typed"):
        return f"lib/{path}"
    if path.name == "METADATA" and ".dist-info" in path.parts[0]:
        return f"lib/{path}"
    if path.name.upper().startswith("LICENSE") and ".dist-info" in path.parts[0]:
        return "lib/splunklib/LICENSE"
    return None


def _wheel(cache: Path) -> bytes:
    """The pinned wheel: from the cache, else downloaded and kept there where the folder can be written."""
    wheel = cache / WHEEL
    if wheel.is_file():
        body = wheel.read_bytes()
        if sha256(body) == SHA256:
            return body
        with suppress(OSError):
            wheel.unlink()  # a broken download: fetch it again
    with tempfile.TemporaryDirectory(prefix="caltrop-sdk-") as folder:
        _download(Path(folder))
        fetched = Path(folder) / WHEEL
        body = fetched.read_bytes() if fetched.is_file() else b""
    if sha256(body) != SHA256:
        raise CaltropError(
            f"splunk-sdk {VERSION}: expected sha256 {SHA256}, got {sha256(body)}",
            hint="the package index serves something else than what was pinned: do not build with it",
        )
    with suppress(OSError):
        write_file(wheel, body)
    return body


def _download(folder: Path) -> None:
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--python-version", "3.13", "--dest", str(folder), f"splunk-sdk=={VERSION}",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CaltropError(f"splunk-sdk {VERSION} could not be downloaded: {error}", hint=_HINT) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise CaltropError(f"splunk-sdk {VERSION} could not be downloaded: {last}", hint=_HINT)


_HINT = f"build once with a network, or put {WHEEL} into the cache folder .cache/vendor"
