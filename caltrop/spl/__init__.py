"""text -> tokens -> syntax tree -> text. Knows the language; runs nothing."""

from caltrop.spl.commands import known_commands, suggest_command
from caltrop.spl.errors import SplError
from caltrop.spl.lint import Lint, lint
from caltrop.spl.lint_rules import LINTS
from caltrop.spl.macros import Answer, Expansion, Macro, expand
from caltrop.spl.parser import parse, parse_eval, parse_search
from caltrop.spl.printer import unparse

__all__ = [
    "LINTS",
    "Answer",
    "Expansion",
    "Lint",
    "Macro",
    "SplError",
    "expand",
    "known_commands",
    "lint",
    "parse",
    "parse_eval",
    "parse_search",
    "suggest_command",
    "unparse",
]
