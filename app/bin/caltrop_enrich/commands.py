"""What commands do, as far as the reader has a use for it: those that make values, run scripts, or reach other hosts.

Each is a function from (machine, invocation) to what it gives; NotImplemented stands for output that is not known.
"""

from __future__ import annotations

from typing import Dict

from . import making, naming, reaching, running
from .handlers import Handler

COMMANDS: Dict[str, Handler] = {**running.COMMANDS, **reaching.COMMANDS, **making.COMMANDS, **naming.COMMANDS}

# Commands whose output is nothing, or nothing that a script computes with.
SILENT = frozenset(
    [
        "write-host",
        "write-verbose",
        "write-debug",
        "write-warning",
        "write-error",
        "write-progress",
        "write-information",
        "start-sleep",
        "set-strictmode",
        "add-type",
        "import-module",
        "set-executionpolicy",
        "set-content",
        "add-content",
        "remove-item",
        "remove-variable",
        "clear-host",
        "set-location",
        "cd",
        "clear-variable",
        "out-file",
        "out-host",
        "out-default",
        "stop-process",
        "start-service",
        "set-psdebug",
        "remove-module",
        "remove-job",
    ]
)
