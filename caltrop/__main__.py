"""The command line as a process of its own."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any, NoReturn

from caltrop.cli import main


def run() -> NoReturn:
    """Ends with the exit code of the command, without taking apart what it loaded: object by object that takes as long as a small
    search. What was asked to be called at the end is called, what was written goes out; threads that still work are waited for, and
    a profiler or debugger gets the process back."""
    code = main()
    if _watched() or any(
        not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()
    ):
        sys.exit(code)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # the reader is gone, or the stream is closed: an ordinary end says so
        sys.exit(code)
    os._exit(code)


def _watched() -> bool:
    """Whether a profiler, a debugger or the like looks on."""
    monitoring: Any = getattr(sys, "monitoring", None)  # from 3.12 on
    tools = (monitoring.get_tool(number) for number in range(6)) if monitoring is not None else ()
    return sys.getprofile() is not None or sys.gettrace() is not None or any(tools)


if __name__ == "__main__":
    run()
