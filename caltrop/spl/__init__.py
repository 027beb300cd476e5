"""text -> tokens -> syntax tree -> text. Knows the language; runs nothing."""

from caltrop.spl.commands import known_commands
from caltrop.spl.errors import SplError
from caltrop.spl.macros import Expansion, Macro, expand
from caltrop.spl.names import suggest_aggregation, suggest_command, suggest_eval_function
from caltrop.spl.parser import parse, parse_eval, parse_search
from caltrop.spl.printer import unparse

__all__ = [
    "Expansion",
    "Macro",
    "SplError",
    "expand",
    "known_commands",
    "parse",
    "parse_eval",
    "parse_search",
    "suggest_aggregation",
    "suggest_command",
    "suggest_eval_function",
    "unparse",
]
