"""Lookups that the build makes of the content: what they are called, here where all who name them look. Nobody edits their rows."""

from __future__ import annotations

import re
from typing import NamedTuple

ENRICHMENT = "caltrop_detections"  # what enrichhits adds to a hit
DATA_SOURCES = "data_sources"


class OfViews(NamedTuple):
    """The lookups that an app's views read."""

    detections: str
    pages: str
    drilldowns: str
    sources: str
    techniques: str


def own(app: str) -> str:
    """What names of an app's own knowledge objects begin with: they are seen in every app."""
    return re.sub(r"\W", "_", app)


def of_views(app: str) -> OfViews:
    """The lookups of the views of an app, by its id."""
    return OfViews(*(f"{own(app)}_{what}" for what in ("catalogue", "pages", "drilldowns", "sources", "techniques")))


def names(app: str) -> frozenset[str]:
    """All of them, for an app by its id."""
    return frozenset((ENRICHMENT, DATA_SOURCES, *of_views(app)))
