"""Text -> tree, by the grammar of Windows PowerShell 5.1 (about_Parsing, about_Quoting_Rules, about_Operator_Precedence).

Written for hostile text: it never fails, what is no PowerShell is passed over, an unterminated string or bracket runs to
the end, nesting beyond MAX_DEPTH ends it, and the work is linear in the text.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

from .scanner import Leaf
from .statements import Statements
from .syntax import Node


class Parsed(NamedTuple):
    """The statements of a script, and why they are not all ("" when they are)."""

    statements: List[Node]
    error: str


def parse(text: str, nodes: int, leaves: Optional[List[Leaf]] = None) -> Tuple[Parsed, int]:
    """Read a script of at most `nodes` nodes; what was read, and how many nodes are left. `leaves` is filled where given."""
    parser = Statements(text.rstrip(), nodes, leaves)
    statements = parser.script()
    return Parsed(statements, parser.error), max(parser.nodes, 0)
