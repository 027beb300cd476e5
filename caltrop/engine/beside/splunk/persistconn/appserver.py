"""Answers one request to a custom endpoint: `python appserver.py module.Class`, in the app's `bin`, the request as JSON on stdin.

A class with `handle` is one of `scripttype = persist`; any other has `handle_GET` and the like (`splunk.rest.BaseRestHandler`). What
it prints goes to stderr; the answer is JSON on stdout: `status`, `headers` (pairs), `payload` (text).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

FAILED = 'Unexpected error "{kind}" from python handler: "{text}". See splunkd.log/python.log for more details.'


def answer(handler: str, given: str) -> dict[str, Any]:
    """What the handler of that name says to a request."""
    module, _, name = handler.rpartition(".")
    made = getattr(importlib.import_module(module), name)
    asked = json.loads(given)
    if hasattr(made, "handle"):
        return _shaped(made(sys.argv[0], handler).handle(given))
    information = {
        "method": asked["method"],
        "path": asked.get("path_info", ""),
        "query": {**dict(asked.get("query", [])), **dict(asked.get("form", []))},
        "payload": asked.get("payload", ""),
        "headers": dict(asked.get("headers", [])),
        "userName": asked.get("session", {}).get("user", ""),
    }
    one = made(asked["method"], information, {}, asked.get("session", {}).get("authtoken", ""))
    called = getattr(one, f"handle_{asked['method']}", None)
    if called is None:
        return {"status": 405, "headers": [], "payload": "Method Not Allowed"}
    returned = called()
    written = one.response
    payload = "".join(written.parts) or ("" if returned is None else returned)
    return _shaped({"status": written.status, "headers": written.headers, "payload": payload})


def _shaped(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        found = {"payload": found}
    payload = found.get("payload", "")
    headers = found.get("headers") or {}
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    if isinstance(payload, bytes):
        payload = payload.decode("utf-8", "replace")
    if not isinstance(payload, str):
        payload = json.dumps(payload)
        if not any(str(name).lower() == "content-type" for name, _ in pairs):
            pairs.append(("Content-Type", "application/json; charset=UTF-8"))
    return {
        "status": int(found.get("status", 200)),
        "headers": [[str(n), str(v)] for n, v in pairs],
        "payload": payload,
    }


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[0] = str(Path.cwd())
    try:
        found = answer(sys.argv[1], sys.stdin.read())
    except Exception as error:
        traceback.print_exc()
        text = FAILED.format(kind=f"<class '{type(error).__module__}.{type(error).__qualname__}'>", text=error)
        messages = {"messages": [{"type": "ERROR", "text": text}]}
        found = {
            "status": 500,
            "headers": [["Content-Type", "application/json; charset=UTF-8"]],
            "payload": json.dumps(messages),
        }
    with out:
        json.dump(found, out)


if __name__ == "__main__":
    main()
