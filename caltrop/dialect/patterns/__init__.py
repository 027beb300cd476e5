"""Patterns, every kind that Splunk has, run within limits: regular expressions, wildcards, LIKE, sed scripts.

What runs over columns is loaded when it is asked for: who only checks a pattern (`check`) needs no Polars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caltrop.dialect.patterns.limits import Budget, MatchLimit, RegexError, budget
from caltrop.dialect.patterns.reading import check
from caltrop.dialect.patterns.replacement import fill, replacement_template
from caltrop.dialect.patterns.wildcards import like_pattern, wildcard_pattern

if TYPE_CHECKING:
    from caltrop.dialect.patterns.pattern import Regex, compile
    from caltrop.dialect.patterns.sed import SedScript, sed_script

__all__ = [
    "Budget",
    "MatchLimit",
    "Regex",
    "RegexError",
    "SedScript",
    "budget",
    "check",
    "compile",
    "fill",
    "like_pattern",
    "replacement_template",
    "sed_script",
    "wildcard_pattern",
]

_HOMES = {"Regex": "pattern", "compile": "pattern", "SedScript": "sed", "sed_script": "sed"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
