"""Scripts of custom commands, loaded ahead: each search has a process of its own, forked from one that has the modules.

Starting Python and importing splunklib takes a tenth of a second, every time; a fork takes a few milliseconds. What runs is the
same script from its first line (`forking.py`). One that changed on disk, or does not take it, is started the plain way.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from caltrop import children
from caltrop.engine import budget, onpath
from caltrop.engine.errors import Cancelled

FORKING = Path(__file__).with_name("forking.py")
POSSIBLE = hasattr(os, "fork") and hasattr(socket, "send_fds")
MOST = 8  # scripts that are held ready
READY_SECONDS = 10.0
STEP_SECONDS = 0.1
ANSWER_SECONDS = 10.0
END_SECONDS = 10.0  # to end, for one that was killed

Stamp = tuple[tuple[str, int, int], ...]


@dataclass
class Loaded:
    """One script, held ready by a process."""

    script: Path
    stamp: Stamp
    digest: bytes
    process: subprocess.Popen[bytes]
    link: socket.socket
    lock: threading.Lock = field(default_factory=threading.Lock)
    ready: bool | None = None  # None: it is still loading

    def fork(self, stdin: int, stdout: int, stderr: int) -> int | None:
        """The id of a process that runs the script with these descriptors; None where that is not possible."""
        with self.lock:
            try:
                if self.ready is None:
                    self.ready = self._comes()
                    self.link.settimeout(ANSWER_SECONDS)
                if not self.ready:
                    self._give_up()
                    return None
                socket.send_fds(self.link, [b"{}"], [stdin, stdout, stderr])
                return int(self._read()["pid"] or 0) or None
            except (OSError, ValueError, KeyError):
                self.ready = False
                return None

    def _give_up(self) -> None:
        """Whatever it is that the script does: nobody waits for it."""
        self.ready = False
        children.kill(self.process)
        self.process.wait()
        children.forget(self.process)

    def _comes(self) -> bool:
        """Whether the script can be loaded; a search that is ended does not wait for it."""
        deadline = time.monotonic() + READY_SECONDS
        self.link.settimeout(STEP_SECONDS)
        while True:
            try:
                return bool(self._read()["ready"])
            except TimeoutError:
                try:
                    budget.check()
                except Cancelled:
                    self._give_up()
                    raise
                if time.monotonic() > deadline:
                    return False

    def code(self, pid: int, seconds: float, *, killed: bool) -> int | None:
        """The exit code of a process that was forked; None where it runs on, or nothing is known of it. One that was killed is
        waited for where it is known to whom it belongs, which is a matter of its memory being given back."""
        deadline = time.monotonic() + seconds
        while True:
            with self.lock:
                try:
                    self.link.send(json.dumps({"code": pid, "killed": killed}).encode())
                    code = self._read()["code"]
                except (OSError, ValueError, KeyError):
                    return None
            if code is not None or time.monotonic() > deadline:
                return None if code is None else int(code)
            time.sleep(0.005)

    def _read(self) -> dict[str, int | bool | None]:
        answer = json.loads(self.link.recv(4096))
        return answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        self.link.close()  # it ends when nobody is there any more
        try:
            self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            children.kill(self.process)
            self.process.wait()
        children.forget(self.process)


_held: OrderedDict[tuple[str, str], Loaded] = OrderedDict()
_lock = threading.Lock()


class Forked:
    """A process of a script, as subprocess would show it."""

    def __init__(self, loaded: Loaded, pid: int, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdin: IO[bytes] | None = stdin
        self.stdout: IO[bytes] | None = stdout
        self.stderr: IO[bytes] | None = None
        self.returncode: int | None = None
        self._loaded = loaded
        self._killed = False

    def kill(self) -> None:
        self._killed = True
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises `TimeoutExpired`; -9 where the process that could tell is gone itself."""
        if self.returncode is None:
            code = self._loaded.code(self.pid, END_SECONDS if timeout is None else timeout, killed=self._killed)
            if code is None and timeout is not None and _runs(self.pid):
                raise subprocess.TimeoutExpired(str(self._loaded.script), timeout)
            self.returncode = -signal.SIGKILL if code is None else code
        return self.returncode


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def fork(script: Path, errors: IO[bytes], python: str = sys.executable) -> Forked | None:
    """A process that runs the script, its stderr in that file; None where it has to be started the plain way."""
    loaded = ahead(script, python)
    if loaded is None:
        return None
    (theirs_in, ours_in), (ours_out, theirs_out) = os.pipe(), os.pipe()
    try:
        pid = loaded.fork(theirs_in, theirs_out, errors.fileno())
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    if pid is None:
        os.close(ours_in)
        os.close(ours_out)
        return None
    return children.adopt(Forked(loaded, pid, os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")))


def begin(script: Path, python: str = sys.executable) -> None:
    """Have the script loaded where it is not. Whether it changed is looked at by who runs it."""
    with _lock:
        found = _held.get((str(script), python))
    if found is None or found.process.poll() is not None:
        ahead(script, python)


def ahead(script: Path, python: str = sys.executable) -> Loaded | None:
    """The script as it is now, loading or loaded; begins to load it where it is not, and does not wait."""
    if not POSSIBLE:
        return None
    stamp = _stamp(script)
    key = (str(script), python)
    with _lock:
        found = _held.get(key)
        if found is not None and found.stamp != stamp and found.digest == _digest(stamp):
            found.stamp = stamp  # an app that was installed again brings the same files
        if found is not None and found.stamp == stamp and (found.process.poll() is None or found.ready is False):
            _held.move_to_end(key)
            return found
        made = _start(script, stamp, python)
        stale = [_held.pop(key)] if found is not None else []
        _held[key] = made
        while len(_held) > MOST:
            stale.append(_held.popitem(last=False)[1])
    for one in stale:
        one.close()
    return made


def _start(script: Path, stamp: Stamp, python: str) -> Loaded:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        process = subprocess.Popen(
            [python, str(FORKING), str(script), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=script.parent,
            start_new_session=True,
            pass_fds=[theirs.fileno()],
            env=onpath.environment(script),
        )
    return Loaded(script, stamp, _digest(stamp), children.hold(process), ours)


def _stamp(script: Path) -> Stamp:
    """Changes with what the script may load: the files in bin/ and lib/ of its app."""
    app = script.parent.parent
    found = []
    folders = [str(app / "bin"), str(app / "lib")]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders += [entry.path] if entry.name != "__pycache__" else []
                else:
                    stat = entry.stat()
                    found.append((entry.path, stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))


def _digest(stamp: Stamp) -> bytes:
    """Of the files themselves."""
    digest = hashlib.blake2b()
    for name, _, size in stamp:
        digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        with suppress(OSError):
            digest.update(Path(name).read_bytes())
    return digest.digest()


@atexit.register
def close() -> None:
    """End every process that holds a script."""
    with _lock:
        ended = list(_held.values())
        _held.clear()
    for one in ended:
        one.close()
