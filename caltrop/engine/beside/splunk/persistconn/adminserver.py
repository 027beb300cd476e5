"""Answers one request to a handler of EAI: `python -m splunk.persistconn.adminserver FILE`, in the app's `bin`, the request as JSON on stdin.

The file runs as `__main__` and calls `splunk.admin.init`. What it prints goes to stderr; the answer is JSON on stdout: `status` with
`entries` and `messages`, or with `error`.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import traceback
from contextlib import suppress
from typing import Any

from .. import admin, setDefault


def answer(file: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What the handler in the file says to the request."""
    setDefault("sessionKey", asked["session"])
    admin.begin(asked)
    sys.argv = [file, "execute"]
    try:
        with suppress(SystemExit):  # a file may end with sys.exit
            runpy.run_path(file, run_name="__main__")
    except Exception as error:
        traceback.print_exc()
        return admin.unexpected(error)
    return admin.answered() or {"status": 500, "error": f"{file} never called admin.init"}


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    found = answer(sys.argv[1], json.load(sys.stdin))
    with out:
        json.dump(found, out, default=str)


if __name__ == "__main__":
    main()
