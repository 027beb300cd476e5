"""text -> tokens -> syntax tree -> text. Knows the language; runs nothing."""

from caltrop.spl.commands import known_commands
from caltrop.spl.errors import SplError
from caltrop.spl.parser import parse, parse_eval, parse_search
from caltrop.spl.printer import unparse

__all__ = ["SplError", "known_commands", "parse", "parse_eval", "parse_search", "unparse"]
