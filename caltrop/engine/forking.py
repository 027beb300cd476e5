"""The script of a custom command, loaded once and started by fork: runs as a program of its own, `python forking.py SCRIPT FD`.

Standard library only, since it runs before and around somebody else's code. The script is loaded under another name, so that
what it guards by `__name__ == "__main__"` waits, with nothing to read; then each request forks a process that runs it from the
top as `__main__`, as a fresh interpreter would, with the modules that it imports already there. A script that does not take
that (it fails, ends or starts threads) is not forked: the answer is "no", and it is started the plain way.

Over the socket: `{}` with three descriptors (stdin, stdout, stderr) is a request, answered by `{"pid": …}`; `{"code": pid, "killed":
…}` asks for an exit code, answered by `{"code": …}`, None as long as the process runs; one that was killed is waited for. The first
message is `{"ready": …}`.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import pathlib
import runpy
import signal
import socket
import sys
import threading
import traceback
import types

IDLE_SECONDS = 300.0
MESSAGE = 4096
NAME = "__caltrop_preloaded__"


def main(script: str, descriptor: int) -> None:
    link = socket.socket(fileno=descriptor)
    link.set_inheritable(False)
    sys.argv = [script]
    sys.path[0] = str(pathlib.Path(script).parent)
    sys.modules["__main__"].__file__ = script  # libraries look for the app beside it
    code = _loads(script)
    link.send(json.dumps({"ready": code is not None}).encode())
    if code is not None:
        gc.collect()
        gc.freeze()  # what is there is shared with every process as long as nobody, a collection included, writes to it
        _serve(link, script, code)


def _loads(script: str) -> types.CodeType | None:
    """The script, compiled once for all who run it; None where it cannot be loaded without running it."""
    kept = [os.dup(number) for number in (0, 1, 2)]
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    try:
        with io.open_code(script) as source:
            code = compile(source.read(), script, "exec")
        runpy.run_path(script, run_name=NAME)
        return code if threading.active_count() == 1 else None
    except BaseException:  # whatever it is that the script does: it is not for us
        return None
    finally:
        for number, known in enumerate(kept):
            os.dup2(known, number)
            os.close(known)
        os.close(nowhere)


def _serve(link: socket.socket, script: str, code: types.CodeType) -> None:
    codes: dict[int, int] = {}

    def reap(*_: object) -> None:
        while _reaped(codes, -1, os.WNOHANG):
            continue

    signal.signal(signal.SIGCHLD, reap)
    link.settimeout(IDLE_SECONDS)
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(link, MESSAGE, 3)
        except TimeoutError:
            return
        if not message:
            return
        asked = json.loads(message)
        if len(descriptors) == 3:
            pid = os.fork()
            if not pid:
                _run(link, script, code, descriptors)
            for number in descriptors:
                os.close(number)
            link.send(json.dumps({"pid": pid}).encode())
        else:
            number = asked["code"]
            while asked["killed"] and number not in codes and _reaped(codes, number, 0):
                continue
            link.send(json.dumps({"code": codes.get(number)}).encode())


def _reaped(codes: dict[int, int], which: int, options: int) -> bool:
    """Note the exit code of a process (-1: of any) that has ended; False where there is none."""
    try:
        pid, status = os.waitpid(which, options)
    except ChildProcessError:
        return False
    if pid:
        codes[pid] = os.waitstatus_to_exitcode(status)
    return pid != 0


def _run(link: socket.socket, script: str, compiled: types.CodeType, descriptors: list[int]) -> None:
    """In the forked process: the script, as `python SCRIPT` runs it. Never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(pathlib.Path(script).parent)  # the folder may be another one by now
        link.close()
        for number, given in enumerate(descriptors):
            os.dup2(given, number)
            os.close(given)
        sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False), encoding="utf-8")  # noqa: SIM115  for as long as it runs
        sys.stdout = io.TextIOWrapper(open(1, "wb", closefd=False), encoding="utf-8")  # noqa: SIM115
        sys.stderr = io.TextIOWrapper(
            open(2, "wb", closefd=False),  # noqa: SIM115
            encoding="utf-8", errors="backslashreplace", line_buffering=True,
        )  # fmt: skip
        if "random" in sys.modules:
            sys.modules["random"].seed()
        code = _code(script, compiled)
        for thread in threading.enumerate():  # as an interpreter ends: threads first, then what asked to be called
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _code(script: str, compiled: types.CodeType) -> int:
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = script
    try:
        exec(compiled, main.__dict__)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return int(end.code or 0)
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
