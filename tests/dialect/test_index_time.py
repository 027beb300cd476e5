"""No pattern of an installed app stops an import: catastrophic ones end within their limit, wrong ones are told and passed over."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect import patterns
from caltrop.dialect.patterns import limits, sed_script
from caltrop.engine.instance import Instance
from caltrop.index import transforms
from caltrop.index.linebreak import Breaker
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser
from tests.examples import examples

EVIL = "^(?:a|a)*c(?!b)"
TEXT = "a" * 60 + "!c"


def applied(raws: list[str], props: dict[str, str], **stanzas: dict[str, str]) -> tuple[list[str], list[str]]:
    """The events after SEDCMD and TRANSFORMS, and what was told."""
    frame = pl.DataFrame({"_raw": raws, "host": "h", "source": "s", "sourcetype": "t", "index": "main"})
    told: list[str] = []
    done = transforms.apply(frame, lambda *_: props, stanzas.get, told.append)
    return done.get_column("_raw").to_list(), told


def broken(data: str, **config: str) -> tuple[list[str], list[str]]:
    """The events of a text, and what was told."""
    told: list[str] = []
    breaker = Breaker(Props.from_mapping(config, told.append), told.append)
    return breaker.feed(data.encode()) + breaker.finish(), told


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the time that one match may take: that it ends is the same."""
    monkeypatch.setattr(limits, "MATCH_SECONDS", limits.MATCH_SECONDS / 5)


def test_a_catastrophic_sed_script_leaves_the_event_and_is_told_once() -> None:
    raws, told = applied([TEXT, "aac", TEXT], {"SEDCMD-x": f"s/{EVIL}/X/"})
    assert raws == [TEXT, "X", TEXT]
    assert len(told) == 1 and "match limit" in told[0]


def test_a_catastrophic_transform_leaves_the_event() -> None:
    raws, told = applied(
        [TEXT, "aac"], {"TRANSFORMS-x": "drop"}, drop={"REGEX": EVIL, "DEST_KEY": "queue", "FORMAT": "nullQueue"}
    )
    assert raws == [TEXT]
    assert len(told) == 1


def test_a_catastrophic_line_breaker_ends_and_lines_are_broken_instead() -> None:
    events, told = broken(f"{TEXT}\n{TEXT}\n", LINE_BREAKER=r"^(?:a|a)*c(?!b)(\n)", SHOULD_LINEMERGE="false")
    assert events == [TEXT, TEXT]
    assert len(told) == 1 and "LINE_BREAKER" in told[0]


@pytest.mark.parametrize("setting", ["BREAK_ONLY_BEFORE", "MUST_BREAK_AFTER", "MUST_NOT_BREAK_BEFORE"])
def test_catastrophic_line_merging_ends(setting: str) -> None:
    events, told = broken(f"{TEXT}\n{TEXT}\n", **{setting: EVIL})
    assert "\n".join(events) == f"{TEXT}\n{TEXT}"
    assert len(told) == 1


def test_a_catastrophic_time_prefix_ends() -> None:
    parser = TimeParser(Props.from_mapping({"TIME_PREFIX": EVIL}), now=0)
    assert parser.parse(pl.Series([TEXT + " 2024-01-01 00:00:00"])).to_list() == [None]


@pytest.mark.parametrize(
    ("breaker", "events"),
    [
        (r"[\r\n]+", ["a", "b c"]),  # without a group all of the match stands between
        ("((*FAIL))", ["a\nb c"]),
        (r"([\r\n]+)[\d-:\s]*b", ["a", "b c"]),
        (r"a\K([\h\n])", ["a", "b c"]),
        (r"(?i)A([\h\n])", ["a", "b c"]),
        ("(", ["a", "b c"]),  # wrong: the default
    ],
)
def test_unusual_line_breakers(breaker: str, events: list[str]) -> None:
    found, told = broken("a\nb c\n", LINE_BREAKER=breaker, SHOULD_LINEMERGE="false")
    assert [event.rstrip("\n") for event in found] == events
    assert len(told) == (breaker in (r"[\r\n]+", "("))


@pytest.mark.parametrize(
    "name",
    ["LINE_BREAKER", "TIME_PREFIX", "BREAK_ONLY_BEFORE", "MUST_BREAK_AFTER", "MUST_NOT_BREAK_AFTER", "PREAMBLE_REGEX"],
)
def test_a_wrong_pattern_is_told_with_the_name_of_its_setting(name: str) -> None:
    told: list[str] = []
    assert Props.from_mapping({name: "(x"}, told.append) == Props.from_mapping({})
    assert told == [f"{name} = (x: missing closing parenthesis at 2 of '(x'; the default is used"]


PIECE = st.sampled_from(["a", "(b)", r"\d", "[ab]+", r"(\w)", "x*", "(?=b)", r"\.", "(?i)B"])


@examples(60)
@given(
    st.lists(PIECE, min_size=1, max_size=4).map("".join),
    st.sampled_from(["X", r"<\1>", ""]),
    st.sampled_from(["", "g", "2", "i"]),
    st.lists(st.text(st.sampled_from("abB1x."), max_size=8), min_size=1, max_size=4),
)
def test_rex_and_sedcmd_agree(pattern: str, new: str, flags: str, texts: list[str]) -> None:
    script = f"s/{pattern}/{new}/{flags}"
    assert applied(texts, {"SEDCMD-x": script}) == (sed_script(script)(pl.Series(texts)).to_list(), [])


@examples(40)
@given(st.lists(PIECE, min_size=1, max_size=4).map("".join), st.text(st.sampled_from("abB1x."), min_size=1, max_size=8))
def test_rex_extract_and_transforms_agree(pattern: str, text: str) -> None:
    whole = f"(?<f>{pattern})"
    found = patterns.compile(whole).first(pl.Series([text]))[0][0]
    _, told = applied([text], {"TRANSFORMS-t": "t"}, t={"REGEX": whole, "FORMAT": "f::$1", "WRITE_META": "true"})
    assert not told
    search = f'| makeresults | eval _raw="{text}" | rex "{whole.replace(chr(92), chr(92) * 2)}" | table f'
    rows = Instance(None, []).search(search).table.frame.to_dicts()
    assert (rows[0].get("f") or None) == (found or None)
