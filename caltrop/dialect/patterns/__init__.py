"""Patterns, every kind that Splunk has, run within limits: regular expressions, wildcards, LIKE, sed scripts."""

from caltrop.dialect.patterns.limits import Budget, MatchLimit, RegexError, budget
from caltrop.dialect.patterns.pcre import Regex, compile
from caltrop.dialect.patterns.replacement import fill, replace_all, replacement_template
from caltrop.dialect.patterns.sed import SedCommand, sed_commands
from caltrop.dialect.patterns.wildcards import like_pattern, wildcard_pattern

__all__ = [
    "Budget",
    "MatchLimit",
    "Regex",
    "RegexError",
    "SedCommand",
    "budget",
    "compile",
    "fill",
    "like_pattern",
    "replace_all",
    "replacement_template",
    "sed_commands",
    "wildcard_pattern",
]
