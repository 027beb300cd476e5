"""What splunkd says of a search that cannot be read comes first, our own account behind it."""

from __future__ import annotations

import pytest

from caltrop.spl import SplError, expand, parse


def refused(text: str) -> SplError:
    with pytest.raises(SplError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("| eval x=(1+2", "Error in 'EvalCommand': The expression is malformed. Expected )."),
        (
            "| where a==1 earliest=-1h",
            "Error in 'where' command: The operator at 'earliest=-1h' is invalid.",
        ),
        ("search (a", "Error in 'search' command: Unable to parse the search: unbalanced parentheses."),
        (
            "search a= | stats count",
            "Error in 'search' command: Unable to parse the search: Comparator '=' is missing a term on the right hand side.",
        ),
        ('search "a', "Error in 'SearchParser': Mismatched quotes and/or parenthesis."),
        ("search a | stats count ]", "Error in 'SearchParser': Mismatched ']'."),
        (
            "search a | | stats count",
            "Error in 'SearchParser': Missing a search command before '|'. Error at position '11' of search query "
            "'search a | | stats count'.",
        ),
    ],
)
def test_splunkds_words(text: str, words: str) -> None:
    error = refused(text)
    assert error.words == words and str(error).startswith(words)
    assert error.account.startswith(f"at {error.line}:{error.column}: ") and error.message in error.account


def test_the_nearest_command_speaks() -> None:
    """An error within a subsearch is the inner command's."""
    error = refused("search a | append [ search b | eval x=(1 ]")
    assert error.command == "eval"


def test_a_macro_that_is_not_there() -> None:
    with pytest.raises(SplError) as caught:
        expand("search `gone(1)`", lambda name, arity: None)
    assert caught.value.words.startswith(
        "Error in 'SearchParser': The search specifies a macro 'gone(1)' that cannot be"
    )
