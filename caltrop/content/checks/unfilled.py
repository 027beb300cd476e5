"""Texts that `caltrop new` left to the author: a detection that says nothing must not ship."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from caltrop.content.checks.finding import Finding, of
from caltrop.content.model import Catalogue

FILL = "FILL IN: "  # begins a text that its author still has to write
_TEXTS = ("description", "how_to_implement", "known_false_positives", "narrative", "message", "definition")


def check(catalogue: Catalogue) -> Iterator[Finding]:
    for item in (*catalogue.detections, *catalogue.stories, *catalogue.macros, *catalogue.data_sources):
        for name in _TEXTS:
            text = getattr(item, name, "")
            if text.startswith(FILL):
                yield of(item, (name,), "fill-in", f"{name} is still to be written: {text.removeprefix(FILL)}")
    for item in catalogue.detections:
        for index, test in enumerate(item.tests):
            for number, data in enumerate(test.attack_data):
                path = catalogue.data_path(data.data)
                if path is not None and _begins(path):
                    where = ("tests", index, "attack_data", number, "data")
                    hint = "put events there in which the detection must hit"
                    yield of(item, where, "fill-in", f"{data.data} holds no event yet", hint)


def _begins(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(FILL)) == FILL.encode()
