"""Bytes to events to columnar segments on disk."""

from caltrop.index.segment import Segment
from caltrop.index.store import IndexInfo, Store, UnknownIndex

__all__ = ["IndexInfo", "Segment", "Store", "UnknownIndex"]
