"""Scripts of apps, in processes of their own: with a bare environment and limits, known by name, and ended with all that they started.

Each child leads a session of its own, so that what it starts is ended with it. A process that is killed cannot end its children:
`note` has them written down, and whoever starts next over the same folder ends what is left of them (`end_left`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TypeVar

try:
    import resource
except ImportError:  # no such limits on this system
    resource = None  # type: ignore[assignment]

SECONDS = 300.0
MEMORY = 2 << 30  # bytes of address space
OUTPUT = 256 << 20  # bytes that it may write, to a pipe or a file
FILES = 256
TAIL = 4096  # bytes of what it said on stderr that are kept
ENVIRONMENT = {"PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}


class Child(Protocol):
    """A process: what subprocess starts, or something that looks like it."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    @property
    def returncode(self) -> int | None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


AnyChild = TypeVar("AnyChild", bound=Child)


class Owner:
    """What a search, or whatever else can be ended, has started. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = False
        self._children: dict[int, Child] = {}

    def add(self, child: Child) -> None:
        with self._lock:
            self._children[child.pid] = child
            ended = self._ended
        if ended:
            kill(child)

    def forget(self, child: Child) -> None:
        with self._lock:
            self._children.pop(child.pid, None)

    def end(self) -> None:
        """Kill all of them, and whoever comes later."""
        with self._lock:
            self._ended = True
            children = list(self._children.values())
        for child in children:
            kill(child)


_owner: ContextVar[Owner | None] = ContextVar("owner of children", default=None)
_everyone = Owner()
_notes: Path | None = None


@contextmanager
def owned(owner: Owner | None) -> Iterator[None]:
    """What this thread starts inside belongs to `owner`."""
    token = _owner.set(owner)
    try:
        yield
    finally:
        _owner.reset(token)


def start(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] = ENVIRONMENT, memory: int = MEMORY,
    stdin: int | IO[bytes] = subprocess.PIPE, stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:  # fmt: skip
    """A process that runs; give it to `end` in any case. Raises OSError where it cannot be started."""
    child = subprocess.Popen(
        list(command), stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd, env=dict(environment), start_new_session=True
    )
    return adopt(child, memory)


def adopt(child: AnyChild, memory: int = MEMORY) -> AnyChild:
    """A process that leads its session, as if it had been started here: limited, known, owned."""
    if resource is not None and hasattr(resource, "prlimit"):
        limits = ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, OUTPUT), (resource.RLIMIT_NOFILE, FILES),
                  (resource.RLIMIT_CORE, 0))  # fmt: skip
        for limit, most in limits:
            with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):  # it ended, or has less already
                resource.prlimit(child.pid, limit, (most, most))
    _everyone.add(child)
    if (owner := _owner.get()) is not None:
        owner.add(child)
    if _notes is not None:
        with contextlib.suppress(OSError):
            (_notes / str(child.pid)).write_text(_born(child.pid))
    return child


def hold(child: AnyChild) -> AnyChild:
    """A process that leads its session and belongs to nobody in particular: known, and ended with this one."""
    with owned(None):
        return adopt(child)


def kill(child: Child) -> None:
    """The process and what it started; returns at once."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if child.returncode is None:
        child.kill()


def end(child: Child) -> None:
    """Kill it, close its pipes and forget it."""
    kill(child)
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    child.wait()
    forget(child)


def forget(child: Child) -> None:
    """It has ended."""
    _everyone.forget(child)
    if _notes is not None:
        (_notes / str(child.pid)).unlink(missing_ok=True)
    if (owner := _owner.get()) is not None:
        owner.forget(child)


@dataclass(frozen=True, slots=True)
class Done:
    """`code` is negative for a signal; `late`: it took too long and was ended; `much`: it wrote more than it may."""

    code: int
    out: bytes
    said: str
    late: bool = False
    much: bool = False


def run(
    command: Sequence[str], given: bytes, *, cwd: Path, environment: Mapping[str, str] = ENVIRONMENT,
    seconds: float = SECONDS, memory: int = MEMORY,
) -> Done:  # fmt: skip
    """Run to its end, with `given` as its stdin."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        stdin.write(given)
        stdin.seek(0)
        child = start(command, cwd=cwd, environment=environment, memory=memory, stdin=stdin, stdout=out, stderr=said)
        late = False
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            late = True
        finally:
            end(child)
        size = os.fstat(out.fileno()).st_size
        out.seek(0)
        said.seek(max(0, said.seek(0, os.SEEK_END) - TAIL))
        text = said.read().decode("utf-8", "replace").strip()
        return Done(child.returncode, out.read(OUTPUT), text, late, size >= OUTPUT)


def end_all() -> None:
    """Kill every child of this process."""
    _everyone.end()


# --- what an earlier process left -------------------------------------------------------------------------------------


def note(folder: Path) -> None:
    """Write down in this folder which children run."""
    global _notes
    folder.mkdir(parents=True, exist_ok=True)
    _notes = folder


def end_left(folder: Path) -> list[int]:
    """Kill the children that are written down in the folder and still run; their process ids. Nobody else uses the folder."""
    found = []
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name.isdigit() and (born := file.read_text()) and _born(int(file.name)) == born:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(file.name), signal.SIGKILL)
                found.append(int(file.name))
        file.unlink(missing_ok=True)
    return found


def _born(pid: int) -> str:
    """When a process began, as its system tells it: another process may have the number later. Empty: it is not there."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        except (OSError, IndexError):
            return ""
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()
