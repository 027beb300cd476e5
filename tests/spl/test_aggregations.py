"""What stands inside a statistical function: a field, a column of an earlier command, or an expression in eval(…)."""

from __future__ import annotations

import pytest

from caltrop.spl import parse
from caltrop.spl.ast import Aggregation, Call, Command, FieldName, Node


@pytest.mark.parametrize(
    ("written", "argument"),
    [
        ("max(sum(bytes))", FieldName(name="sum(bytes)")),
        ("max(perc95(a.b))", FieldName(name="perc95(a.b)")),
        ("max(len(x))", FieldName(name="len(x)")),
        ("max(eval(len(x)))", Call(name="len", args=(FieldName(name="x"),))),
    ],
)
def test_a_call_is_a_column_unless_it_stands_in_eval(written: str, argument: Node) -> None:
    (command,) = parse(f"| stats {written}").commands
    assert isinstance(command, Command)
    (found,) = command.of(Aggregation)
    assert found.argument == argument
