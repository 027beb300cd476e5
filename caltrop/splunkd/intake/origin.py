"""Where data comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

DEFAULT_INDEX = "main"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where data comes from: the default fields of its events."""

    index: str = DEFAULT_INDEX
    host: str = "caltrop"
    source: str = ""
    sourcetype: str = ""

    def with_overrides(self, values: Mapping[str, str | None]) -> Origin:
        return replace(self, **{k: v for k, v in values.items() if v})
