"""The table of endpoints in docs/rest.md, read off the registrations: `python -m tools.rest_reference` rewrites it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from caltrop.splunkd import endpoints
from caltrop.splunkd.access import capabilities
from caltrop.splunkd.rest import collection
from caltrop.splunkd.rest.collection import Collection

PAGE = Path(__file__).parents[1] / "docs" / "rest.md"
BEGIN, END = "<!-- endpoints: generated -->", "<!-- end of endpoints -->"
_CHANGES = {"create": "POST", "update": "POST name", "delete": "DELETE name"}


def table() -> str:
    """Markdown: every path, its methods, what lies below it, the capability to change it, and what it is."""
    endpoints.load()
    lines = ["| path | methods | below an object or the collection | to change | what |", "|---|---|---|---|---|"]
    for path in sorted({*collection.routes, *collection.collections}):
        route = collection.routes.get(path)
        if route is not None:
            open_to = "no login" if route.open else _needs(path)
            lines.append(_line(path, ", ".join(sorted(route.methods)), "", open_to, _summary(route.handler.__doc__)))
        else:
            cls = collection.collections[path]
            lines.append(_line(path, _methods(cls), _below(cls), _needs(cls.rights or cls.path), _what(cls)))
    return "\n".join(lines)


def _needs(path: str) -> str:
    return " or ".join(capabilities.needed(path, "POST"))


def _line(*cells: str) -> str:
    first, *rest = (cell.replace("|", "\\|") for cell in cells)
    return f"| `{first}` | {' | '.join(rest)} |"


def _methods(cls: type[Collection]) -> str:
    if "handle" in vars(cls):
        return "GET, POST, DELETE (see the text)"
    changed = [text for name, text in _CHANGES.items() if getattr(cls, name) is not getattr(Collection, name)]
    return ", ".join(["GET", "GET name", *changed])


def _below(cls: type[Collection]) -> str:
    names = [n for n in (*cls.entry_actions, *cls.collection_actions) if not n.startswith("_")]
    return ", ".join(sorted(f"`{name}`" for name in names))


def _what(cls: type[Collection]) -> str:
    if "__doc__" in vars(cls) and cls.__doc__:
        return _summary(cls.__doc__)
    conf = getattr(cls, "conf", "")
    prefix = getattr(cls, "prefix", "")
    if conf:
        return f"stanzas {f'`{prefix}…` ' if prefix else ''}of `{conf}.conf`"
    return cls.title


def _summary(doc: str | None) -> str:
    return (doc or "").strip().split("\n\n")[0].replace("\n", " ").replace("    ", "").rstrip(".")


def page(text: str) -> str:
    """The page with a fresh table."""
    block = f"{BEGIN}\n{table()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
