"""Whether the data that a search reads is here at all, known before it runs.

Careful: a search counts as lacking its data only where nothing that is here can match what it begins with. Whatever else
brings rows (a lookup, a subsearch, another source) makes it run.
"""

from __future__ import annotations

from collections.abc import Mapping

from caltrop.engine.instance import Instance
from caltrop.engine.reading import Reading
from caltrop.engine.scan import indexes_of, may_match, search_expression
from caltrop.errors import CaltropError
from caltrop.spl.ast import And, Comparison, MacroCall, Membership, Node, Option, Subsearch, Word

KINDS = ("index", "source", "sourcetype", "host")
# Commands behind the first that bring rows of their own.
_BRINGING = frozenset({"append", "appendcols", "appendpipe", "inputlookup", "map", "multisearch", "set", "union"})
_SHOWN = 4  # names of what is missing


class Absence:
    """Knows which kinds of events an instance holds; `of` asks it about one search."""

    def __init__(self, instance: Instance, app: str) -> None:
        self._instance = instance
        self._app = app
        counted = instance.search(f"search index=* | stats count by {' '.join(KINDS)}", app=app)
        self._kinds = counted.table.frame.select(KINDS).to_dicts() if len(counted.table) else []
        self._empty_models: dict[str, bool] = {}

    def of(self, reading: Reading) -> str:
        """What the search needs and is not here, in words; '' where it may find something."""
        first, *rest = reading.pipeline.commands
        if any(isinstance(c, MacroCall) or c.name in _BRINGING or c.option("append") for c in rest):
            return ""
        if isinstance(first, MacroCall) or first.of(Subsearch):
            return ""
        if first.name == "search":
            return self._events(search_expression(first))
        if first.name == "tstats":
            source = first.clause("from")
            return self._model(_model(source)) if source else self._events(And(first.clause("where") or ()))
        words = [word.text for word in first.of(Word)]
        if first.name == "from" and words[:1] == ["datamodel"]:
            return self._model("".join(words[1:2]))
        if first.name == "datamodel":
            return self._model(".".join(words[:2]))
        return ""

    def _events(self, node: Node) -> str:
        if any(isinstance(item, Subsearch) for item in node.walk()):
            return ""
        indexes = indexes_of(node, sorted({kind["index"] for kind in self._kinds}))
        if any(kind["index"] in indexes and self._may(node, kind) for kind in self._kinds):
            return ""
        named = [
            f"{item.field.name}={value}"
            for item in node.walk()
            if isinstance(item, Comparison | Membership) and item.field.name in KINDS
            for value in _values(item)
        ]
        shown = list(dict.fromkeys(named))
        return ", ".join(shown[:_SHOWN]) + (", …" if len(shown) > _SHOWN else "") or "any event"

    @staticmethod
    def _may(node: Node, kind: Mapping[str, str]) -> bool:
        return may_match(node, kind) is not False

    def _model(self, name: str) -> str:
        """A dataset without rows lacks its data; one that cannot be asked is left to the search, which says why."""
        if not name:
            return ""
        if name not in self._empty_models:
            try:
                found = self._instance.search(f"| tstats count from datamodel={name}", app=self._app).table
                self._empty_models[name] = not len(found) or found.frame.get_column("count").to_list() in ([0], ["0"])
            except CaltropError:
                self._empty_models[name] = False
        return f"data model {name}" if self._empty_models[name] else ""


def _model(source: tuple[Node, ...]) -> str:
    return next((str(p.value) for p in source if isinstance(p, Option) and p.name == "datamodel"), "")


def _values(item: Comparison | Membership) -> list[str]:
    values = item.values if isinstance(item, Membership) else (item.value,)
    return [value.text for value in values if isinstance(value, Word)]
