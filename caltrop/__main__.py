"""The command line as a process of its own."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn

from caltrop.cli import main


def run() -> NoReturn:
    """Ends with the exit code of the command, without taking apart what it loaded: object by object that takes as long as a small
    search. What was asked to be called at the end is called, what was written goes out; threads that still work are waited for."""
    code = main()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.exit(code)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # the reader is gone, or the stream is closed: an ordinary end says so
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    run()
