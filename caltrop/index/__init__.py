"""Bytes to events to columnar segments on disk."""

from caltrop.index.linebreak import Breaker
from caltrop.index.props import Props
from caltrop.index.segment import Segment
from caltrop.index.shift import shift
from caltrop.index.store import IndexInfo, Store, UnknownIndex
from caltrop.index.timestamp import TimeParser

__all__ = ["Breaker", "IndexInfo", "Props", "Segment", "Store", "TimeParser", "UnknownIndex", "shift"]
