"""Commands of the old protocol: scripts that use `splunk.Intersplunk`, splunklib or nothing, well and badly."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.conformance import event_frame, rows_of
from caltrop.engine import chunked
from caltrop.engine.beside.splunk import Intersplunk
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance, SearchResult
from tests.patience import PATIENCE

Search = Callable[..., SearchResult]

UPPER = """
import splunk.Intersplunk as si
results, dummy, settings = si.getOrganizedResults()
for row in results:
    row["x"] = row["x"].upper()
    row["given"] = len(results)
si.outputResults(results)
"""


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """search(script, spl, conf=…): run SPL where the command `mine` is that script."""

    def run(script: str, spl: str, *, conf: str = "", name: str = "mine.py", seconds: float = PATIENCE) -> SearchResult:
        monkeypatch.setattr(chunked, "SECONDS", seconds)
        app = tmp_path / "etc" / "apps" / "search"
        for folder in ("bin", "default", "metadata"):
            (app / folder).mkdir(parents=True, exist_ok=True)
        (app / "bin" / name).write_text(textwrap.dedent(script))
        (app / "default" / "commands.conf").write_text(f"[mine]\nfilename = {name}\n{textwrap.dedent(conf)}\n")
        (app / "metadata" / "default.meta").write_text("[]\nexport = system\n")
        instance = Instance(None, [app], now=1_700_000_000.0)
        instance.store.create_index("main")
        instance.store.append(event_frame([{"_raw": "one"}, {"_raw": "two"}]))
        return instance.search(spl)

    return run


def test_rows_go_through_a_script_of_intersplunk(search: Search) -> None:
    result = search(UPPER, '| makeresults count=3 | eval x="a,\n\\"b" | mine')
    assert [(r["x"], r["given"], r["_time"]) for r in rows_of(result.table)] == [('A,\n"B', "3", "1700000000")] * 3


def test_a_streaming_command_runs_for_every_piece_and_another_once(search: Search) -> None:
    spl = '| makeresults count=5 | eval x="a" | mine | stats count by given'
    streamed = search(UPPER, spl, conf="streaming = true\nmaxinputs = 2")
    assert [(r["given"], r["count"]) for r in rows_of(streamed.table)] == [("1", "1"), ("2", "4")]
    assert not streamed.messages
    once = search(UPPER, spl, conf="maxinputs = 2")
    assert [(r["given"], r["count"]) for r in rows_of(once.table)] == [("2", "2")]
    assert [m.text for m in once.messages] == [
        "The command was given the first 2 of 5 results (maxinputs of commands.conf)."
    ]
    assert rows_of(search(UPPER, spl, conf="maxinputs = 0").table) == [{"given": "5", "count": "5"}]


@pytest.mark.parametrize(
    ("conf", "transforms"), [("", True), ("retainsevents = true", False), ("streaming = 1", False)]
)
def test_what_keeps_events(search: Search, conf: str, transforms: bool) -> None:
    result = search(UPPER, 'search index=main | eval x="a" | mine', conf=conf)
    assert result.is_transforming is transforms
    assert len(result.table) == len(result.events) == 2


def test_no_rows_are_given_too_unless_the_command_does_not_need_them(search: Search) -> None:
    script = """
    import splunk.Intersplunk as si
    si.outputResults([{"n": len(si.readResults())}])
    """
    assert rows_of(search(script, "search index=main nothing | mine").table) == [{"n": "0"}]
    assert rows_of(search(script, "| mine").table) == [{"n": "0"}]
    assert not len(search(script, "search index=main nothing | mine", conf="needs_empty_results = false").table)


GENERATES = """
import sys
import splunk.Intersplunk as si
probed, sys.argv = si.isGetInfo(sys.argv)
if probed:
    si.outputInfo(False, True, False, False, None, True)
words, options = si.getKeywordsAndOptions()
si.outputResults([{"n": n, "words": words, "a": options["a"], "_time": 1.5} for n in range(int(options["count"]))])
"""


def test_a_script_says_what_it_is(search: Search) -> None:
    conf = "supports_getinfo = true"
    result = search(GENERATES, '| mine one "two words" count=2 a="b c" | eval m=n+1', conf=conf)
    assert [(r["n"], r["m"], r["words"], r["a"], r["_time"]) for r in rows_of(result.table)] == [
        ("0", "1", ["one", "two words"], "b c", "1.5"),
        ("1", "2", ["one", "two words"], "b c", "1.5"),
    ]
    with pytest.raises(SearchError, match="This command must be the first command of a search"):
        search(GENERATES, "| makeresults | mine count=1 a=b", conf=conf)
    with pytest.raises(SearchError, match=r"^expected '__GETINFO__' or '__EXECUTE__'|command=\"mine\", expected"):
        search(GENERATES, "| mine count=1 a=b")


def test_what_runs_before_a_command(search: Search) -> None:
    script = """
    import splunk.Intersplunk as si
    si.outputResults([{"n": ",".join(row["n"] for row in si.readResults())}])
    """
    spl = "| makeresults count=3 | streamstats count AS n | mine"
    assert rows_of(search(script, spl, conf="streaming_preop = where n>1").table) == [{"n": "2,3"}]
    assert rows_of(search(script, spl, conf="streaming_preop = where n>1\nstreaming = true").table) == [{"n": "1,2,3"}]


@pytest.mark.parametrize(
    ("conf", "given"),
    [("", ["x=a b", "plain", "c d"]), ("supports_rawargs = true", ['x="a b"', "plain", '"c d"'])],
)
def test_arguments_keep_their_quotes_when_asked(search: Search, conf: str, given: list[str]) -> None:
    script = """
    import sys
    import splunk.Intersplunk as si
    si.outputResults([{"given": sys.argv[1:]}])
    """
    assert rows_of(search(script, '| makeresults | mine x="a b" plain "c d"', conf=conf).table) == [{"given": given}]


SHOWS = """
import os, sys
import splunk.Intersplunk as si
settings = {}
rows = si.readResults(None, settings, True)
about = {k: v for k, v in settings.items() if k in ("owner", "namespace", "authString", "preview", "splunkVersion")}
info = open(settings["infoPath"]).read().splitlines()[0] if "infoPath" in settings else "none"
si.outputResults([{**about, "info": info, "home": os.path.basename(si.splunkHome()), "key": "sessionKey" in settings}])
"""


def test_the_header(search: Search, tmp_path: Path) -> None:
    row = rows_of(search(SHOWS, "| makeresults | mine").table)[0]
    assert {k: v for k, v in row.items() if k != "splunkVersion"} == {
        "owner": "admin", "namespace": "search", "preview": "0", "info": "none", "home": tmp_path.name, "key": "False"
    }  # fmt: skip
    row = rows_of(search(SHOWS, "| makeresults | mine", conf="passauth = true\nrequires_srinfo = true").table)[0]
    assert row["key"] == "True"
    assert row["authString"] == "<auth><userId>admin</userId><username>admin</username><authToken></authToken></auth>"
    assert str(row["info"]).startswith("_sid,_timestamp,now,_auth_token,_ppc.app,_ppc.user")
    script = "import sys; sys.stdout.write('first\\n' + sys.stdin.readline())"
    assert rows_of(search(script, "| makeresults | mine", conf="enableheader = false").table) == [{"first": "_time"}]


def test_multivalues_are_lists_where_they_are_supported(search: Search) -> None:
    script = """
    import splunk.Intersplunk as si
    rows = si.readResults()
    si.outputResults([{"got": repr(rows[0]["a"]), "b": ["1", "$2"]}])
    """
    spl = '| makeresults | eval a=split("x;$y",";") | mine'
    assert rows_of(search(script, spl).table) == [{"got": repr("x\n$y"), "b": ["1", "$2"]}]
    assert rows_of(search(script, spl, conf="supports_multivalues = true").table)[0]["got"] == repr(["x", "$y"])


def test_messages_of_the_header(search: Search) -> None:
    script = """
    import splunk.Intersplunk as si
    messages = {}
    si.addInfoMessage(messages, "so far")
    si.addWarnMessage(messages, "mind this")
    if "fail" in si.getKeywordsAndOptions()[0]:
        si.addErrorMessage(messages, "went wrong")
    si.outputResults(si.readResults(), messages, fields=["_time"])
    """
    result = search(script, "| makeresults | mine", conf="outputheader = true")
    assert [(m.severity, m.text) for m in result.messages] == [
        ("INFO", 'command="mine", so far'), ("WARN", 'command="mine", mind this')
    ]  # fmt: skip
    assert rows_of(result.table) == [{"_time": "1700000000"}]
    with pytest.raises(SearchError, match='command="mine", went wrong'):
        search(script, "| makeresults | mine fail", conf="outputheader = true")


def test_stderr_is_shown_where_it_is_meant_for_people(search: Search) -> None:
    script = "import sys; sys.stderr.write('WARN take care\\nplain\\n'); print('a'); print('1')"
    shown = search(script, "| makeresults | mine", conf="stderr_dest = message")
    assert [(m.severity, m.text) for m in shown.messages] == [
        ("WARN", 'command="mine", take care'), ("INFO", 'command="mine", plain')
    ]  # fmt: skip
    assert not search(script, "| makeresults | mine").messages


def test_the_order_of_columns(search: Search) -> None:
    script = """
    import splunk.Intersplunk as si
    si.outputResults(si.readResults(), fields=["new", "b", "a"])
    """
    spl = "| makeresults | eval a=1, b=2 | fields - _time | mine"
    assert search(script, spl).table.fields == ["new", "b", "a"]
    assert search(script, spl, conf="changes_colorder = false").table.fields == ["a", "b", "new"]


PROBE = "supports_getinfo = true"


@pytest.mark.parametrize(
    ("script", "conf", "said"),
    [
        ("import splunk.Intersplunk as si; si.parseError('no such field')", "", 'command="mine", no such field'),
        ("import splunk.Intersplunk as si; si.parseError('bad')", PROBE, 'command="mine", bad'),
        ("pass", PROBE, r"Error in 'script': Getinfo probe failed for external search command 'mine'"),
        ("print('a,b')", PROBE, "Getinfo probe failed"),
        ("import sys; print('half'); sys.exit(3)", "", "External search command 'mine' returned error code 3. Script output = \"half\""),
        ("raise ValueError('oh')", "", r"External search command 'mine' returned error code 1(.|\n)*ValueError: oh"),
        ("import time; time.sleep(60)", "", r"took longer than 0\.5 s"),
        ("x", "type = perl", "no Python script"),
    ],
)  # fmt: skip
def test_failures_are_errors_of_the_search(search: Search, script: str, conf: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        search(script, "| makeresults | mine", conf=conf, seconds=0.5)


def test_other_scripts_than_pythons_are_refused(search: Search) -> None:
    with pytest.raises(SearchError, match="no Python script"):
        search("echo a", "| makeresults | mine", name="mine.sh")


SPLUNKLIB = """
import sys
from splunklib.searchcommands import Configuration, Option, {base}, dispatch, validators
@Configuration()
class Mine({base}):
    plus = Option(require=True, validate=validators.Integer())
    def {method}:
        {body}
dispatch(Mine, sys.argv, sys.stdin, sys.stdout, __name__)
"""
V1 = (
    "enableheader = true\noutputheader = true\nrequires_srinfo = true\nsupports_getinfo = true\nsupports_rawargs = true"
)


@pytest.mark.parametrize(
    ("base", "method", "body", "spl", "rows"),
    [
        ("StreamingCommand", "stream(self, records)", "return ({**r, 'n': int(r['n']) + self.plus} for r in records)",
         "| makeresults count=2 | streamstats count AS n | fields - _time | mine plus=10", [{"n": "11"}, {"n": "12"}]),
        ("GeneratingCommand", "generate(self)", "return ({'n': n, 'who': self.metadata.searchinfo.username} for n in range(self.plus))",
         "| mine plus=2", [{"n": "0", "who": "admin"}, {"n": "1", "who": "admin"}]),
    ],
)  # fmt: skip
def test_splunklib_speaks_it(
    search: Search, base: str, method: str, body: str, spl: str, rows: list[dict[str, str]]
) -> None:
    script = SPLUNKLIB.format(base=base, method=method, body=body)
    assert rows_of(search(script, spl, conf=V1).table) == rows
    with pytest.raises(SearchError, match="mine"):
        search(script, spl.replace("plus=", "plus=x"), conf=V1)


# --- the module that scripts import -----------------------------------------------------------------------------------


@given(st.lists(st.text()))
def test_multivalues_are_read_as_they_were_written(values: list[str]) -> None:
    found: list[str] = []
    assert Intersplunk.decodeMV(Intersplunk.getEncodedMV(values), found) is bool(values)
    assert found == values


@pytest.mark.parametrize("text", ["", "a", "$a", "$a$b", "x$a$", "$a$;b"])
def test_what_is_no_multivalue(text: str) -> None:
    found: list[str] = []
    assert not Intersplunk.decodeMV(text, found)
    assert not found


def test_settings_may_have_several_lines() -> None:
    given = io.StringIO("search:index%3Dmain\nsecond line\nsid:1\n\na\n1\n")
    settings: dict[str, str] = {}
    assert Intersplunk.readResults(given, settings) == [{"a": "1"}]
    assert settings == {"search": "index=main\nsecond line", "sid": "1"}
    assert Intersplunk.getSettings(io.StringIO("a:b\n\n")) == {"a": "b"}


def test_options_and_words() -> None:
    words, options = Intersplunk.getKeywordsAndOptions(["one", '"two words"', 'a="b = c"', "d=", "e = f"])
    assert (words, options) == (["one", "two words"], {"a": "b = c", "d": "", "e": "f"})


def test_rows_with_lists_and_a_header_before_them() -> None:
    out = io.BytesIO()
    Intersplunk.outputResults([{"a": ["x", "y"], "b": "1"}], {"info_message": ["hi"]}, mvdelim=",", outputfile=out)
    assert out.getvalue() == b'info_message=hi\n\na,__mv_a,b\r\n"x,y",$x$;$y$,1\r\n'
    out = io.BytesIO()
    Intersplunk.outputStreamResults([{"a": "1"}], header=[{"h": "2"}], outputfile=out)
    assert out.getvalue() == b"splunk 4.3,6,6\nh\r\n2\r\na\r\n1\r\n"


def test_raw_texts() -> None:
    assert Intersplunk.rawresultsToString([{"_raw": "a"}, {"x": "b"}, {"_raw": "c"}]) == "a\nc"
