"""YAML files -> a typed, cross-referenced catalogue, with every fault placed. `load` is the door."""

from caltrop.content.load import load
from caltrop.content.model import Catalogue, Detection
from caltrop.content.problems import Problem

__all__ = ["Catalogue", "Detection", "Problem", "load"]
