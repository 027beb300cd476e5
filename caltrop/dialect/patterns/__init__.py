"""Patterns, every kind that Splunk has, run within limits: regular expressions, wildcards, LIKE, sed scripts."""

from caltrop.dialect.patterns.limits import Budget, MatchLimit, RegexError, budget
from caltrop.dialect.patterns.pattern import Regex, compile
from caltrop.dialect.patterns.replacement import fill, replacement_template
from caltrop.dialect.patterns.sed import SedScript, sed_script
from caltrop.dialect.patterns.wildcards import like_pattern, wildcard_pattern

__all__ = [
    "Budget",
    "MatchLimit",
    "Regex",
    "RegexError",
    "SedScript",
    "budget",
    "compile",
    "fill",
    "like_pattern",
    "replacement_template",
    "sed_script",
    "wildcard_pattern",
]
