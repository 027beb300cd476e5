"""`caltrop install --acs` against a stand-in that checks each request: what is sent, what is asked again, what errors say."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from caltrop.cli import install, main
from caltrop.cloud import acs, appinspect
from caltrop.cloud.wire import CloudError, Wire

from .standin import ACCOUNT, SPLUNK_TOKEN, STACK, STACK_TOKEN, SUMMARY, Standin, serving

ACS = f"/{STACK}/adminconfig/v2"
Run = Callable[..., tuple[int, str, str]]


def package_of(folder: Path, files: dict[str, str], name: str = "mine-1.2.0.tar.gz") -> Path:
    path = folder / name
    with tarfile.open(path, "w:gz") as tar:
        for file, text in files.items():
            info = tarfile.TarInfo(file)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


GOOD = {"mine/default/app.conf": "[launcher]\nversion = 1.2.0\n[package]\nid = mine\n", "mine/default/macros.conf": ""}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return package_of(tmp_path, GOOD)


@pytest.fixture
def standin(package: Path) -> Iterator[Standin]:
    with serving(Standin(package.read_bytes(), "mine", "1.2.0")) as running:
        yield running
    assert running.wrong == [], "a request that is not as documented"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, of which nothing is."""
    waits: list[float] = []
    monkeypatch.setattr(install, "_wire", lambda: Wire(sleep=waits.append))
    return waits


@pytest.fixture
def run(
    standin: Standin,
    package: Path,
    slept: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.setattr(appinspect, "SERVICE", standin.url)
    monkeypatch.setattr(appinspect, "LOGIN", f"{standin.url}/2.0/rest/login/splunk")
    for name, value in {
        "CALTROP_ACS_TOKEN": STACK_TOKEN,
        "CALTROP_SPLUNK_USERNAME": ACCOUNT[0],
        "CALTROP_SPLUNK_PASSWORD": ACCOUNT[1],
    }.items():
        monkeypatch.setenv(name, value)

    def call(*more: str, file: Path = package, stack: str = STACK) -> tuple[int, str, str]:
        code = main(["install", str(file), "--acs", stack, "--acs-url", standin.url, "--acs-legal-ack", "Y", *more])
        said = capsys.readouterr()
        secrets = (STACK_TOKEN, SPLUNK_TOKEN, ACCOUNT[1])
        assert not any(secret in said.out + said.err for secret in secrets), "a secret is shown"
        return code, said.out, said.err

    return call


@pytest.mark.parametrize("experience", ["victoria", "classic"])
def test_a_package_is_inspected_and_installed_and_waited_for(
    standin: Standin, run: Run, slept: list[float], experience: str
) -> None:
    standin.experience = experience
    code, out, err = run()
    assert (code, out) == (0, "installed mine 1.2.0 into acme\n")
    assert "1 warning" in err and "asks for a restart" in err
    apps = f"{ACS}/apps/victoria" if experience == "victoria" else f"{ACS}/apps"
    assert standin.asked == [
        f"GET {ACS}/status",
        f"GET {apps}/mine",
        "GET /2.0/rest/login/splunk",
        "POST /v1/app/validate",
        *["GET /v1/app/validate/status/req%2F1"] * 3,
        "GET /v1/app/report/req%2F1",
        f"POST {apps}",
        *[f"GET {apps}/mine"] * 2,
        f"GET {ACS}/status",
    ]
    assert slept == [appinspect.POLL_SECONDS] * 2 + [acs.POLL_SECONDS] * 2


def test_an_older_version_that_is_installed_is_not_taken_for_the_new_one(standin: Standin, run: Run) -> None:
    standin.before, standin.polls = "1.1.0", 3
    code, out, err = run("--experience", "victoria")
    assert (code, out) == (0, "installed mine 1.2.0 into acme\n") and "acme has mine 1.1.0" in err
    assert standin.asked[0] == f"GET {ACS}/apps/victoria/mine", "the experience was said: it is not asked for"


def test_what_is_installed_at_once_is_not_waited_for(standin: Standin, run: Run) -> None:
    standin.upload_status = "installed"
    assert run()[0] == 0
    assert standin.asked[-2:] == [f"POST {ACS}/apps/victoria", f"GET {ACS}/status"]


def test_tokens_come_from_files_too(
    standin: Standin, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CALTROP_ACS_TOKEN", "CALTROP_SPLUNK_USERNAME", "CALTROP_SPLUNK_PASSWORD"):
        monkeypatch.delenv(name)
    stack, splunk = tmp_path / "stack", tmp_path / "splunk"
    stack.write_text(f"{STACK_TOKEN}\nanother line\n")
    splunk.write_text(f"  {SPLUNK_TOKEN}  ")
    assert run("--acs-token-file", str(stack), "--appinspect-token-file", str(splunk))[0] == 0
    assert not any("login" in asked for asked in standin.asked)
    stack.write_text("\n")
    code, _, err = run("--acs-token-file", str(stack))
    assert code == 2 and "is empty" in err


@pytest.mark.parametrize(
    ("path", "answers", "waits"),
    [
        (f"{ACS}/status", [(429, {"Retry-After": "7"}, {})], [7.0]),
        (f"{ACS}/status", [(503, {}, {}), (502, {}, {}), None], [2.0, 4.0, 8.0]),
        (f"{ACS}/status", [(429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {})], [2.0]),
        (f"{ACS}/status", [(429, {"Retry-After": "99999"}, {})], [120.0]),
        ("/v1/app/validate", [(429, {}, {"msg": "slow down"})], [2.0]),
        (f"{ACS}/apps/victoria", [(503, {"Retry-After": "1"}, {}), (429, {}, {})], [1.0, 4.0]),
        ("/v1/app/validate/status/req%2F1", [None], [2.0]),
    ],
)
def test_what_is_asked_again_and_when(
    standin: Standin, run: Run, slept: list[float], path: str, answers: list[Any], waits: list[float]
) -> None:
    standin.answers[path] = list(answers)
    assert run()[0] == 0
    paces = (appinspect.POLL_SECONDS, acs.POLL_SECONDS)
    assert [wait for wait in slept if wait not in paces] == waits


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/v1/app/validate", (500, {}, {"msg": "broken"})),
        (f"{ACS}/apps/victoria", (502, {}, b"<html>bad gateway</html>")),
        (f"{ACS}/apps/victoria", None),
    ],
)
def test_an_upload_that_may_have_been_taken_is_not_sent_again(
    standin: Standin, run: Run, path: str, answer: Any
) -> None:
    standin.answers[path] = [answer]
    code, _, err = run()
    assert code == 2 and ("did not take" in err or "cannot reach" in err)
    assert standin.asked.count(f"POST {path}") == 1


def test_patience_ends(standin: Standin, run: Run, slept: list[float]) -> None:
    standin.answers[f"{ACS}/status"] = [(429, {}, {"code": "429", "message": "too many requests"})] * 9
    code, _, err = run()
    assert code == 2 and "(429): 429: too many requests" in err
    assert slept == [2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        (f"{ACS}/status", (401, {}, {"code": "401-unauthorized", "message": "expired"}), r"\(401\): 401-unauthorized: expired\n  hint: the token"),
        (f"{ACS}/status", (404, {}, {"message": "no such stack"}), r"no such stack\n  hint: is the stack's name right"),
        (f"{ACS}/status", (200, {}, {"infrastructure": {"stackType": "other"}}), r"does not say whether .*\n  hint: .*--experience"),
        (f"{ACS}/status", (200, {}, b"<html>"), r"no JSON object"),
        (f"{ACS}/apps/victoria/mine", (403, {}, {"code": "403-forbidden"}), r"403-forbidden\n  hint: .*sc_admin"),
        ("/2.0/rest/login/splunk", (401, {}, {"msg": "Failed to authenticate user"}), r"refused the login of 'ann@example.org' \(401\)"),
        ("/2.0/rest/login/splunk", (200, {}, {"data": {}}), r"gave no token"),
        ("/v1/app/validate", (400, {}, {"msg": "unknown tag"}), r"did not take mine-1.2.0.tar.gz \(400\): unknown tag"),
        ("/v1/app/validate", (200, {}, {}), r"no request id"),
        ("/v1/app/validate/status/req%2F1", (401, {}, {}), r"\(401\): .*\n  hint: the token of splunk.com may have run out"),
        ("/v1/app/report/req%2F1", (404, {}, {}), r"gave no report"),
        ("/v1/app/report/req%2F1", (200, {}, {"reports": []}), r"nothing says that the package passed"),
        (f"{ACS}/apps/victoria", (400, {}, {"code": "400-bad-app", "message": "id conflict"}), r"\(400\): 400-bad-app: id conflict"),
        (f"{ACS}/apps/victoria", (202, {}, {"status": "failed"}), r"could not install mine 1.2.0: failed"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_in_the_services_words(
    standin: Standin, run: Run, path: str, answer: Any, said: str
) -> None:
    standin.answers[path] = [answer]
    code, out, err = run()
    assert (code, out) == (2, "") and re.search(said, err), err


@pytest.mark.parametrize("word", ["failure", "error", "manual_check"])
def test_a_package_that_does_not_pass_is_not_installed(standin: Standin, run: Run, word: str) -> None:
    checks = [
        {"name": "check_good", "result": "success", "messages": []},
        {"name": "check_bad", "result": word, "messages": [{"message": "no outputs.conf"}]},
    ]
    standin.report = {"summary": {**SUMMARY, word: 1}, "reports": [{"groups": [{"checks": checks}]}]}
    code, out, err = run()
    assert (code, out) == (1, "") and f"{word}: check_bad: no outputs.conf" in err and "check_good" not in err
    assert not any(asked == f"POST {ACS}/apps/victoria" for asked in standin.asked)


def test_an_inspection_that_breaks_or_never_ends(standin: Standin, run: Run) -> None:
    standin.inspection = ["PROCESSING", "ERROR"]
    code, _, err = run()
    assert code == 2 and "could not check the package (request req/1: ERROR)" in err
    standin.inspection = ["PROCESSING"]
    code, _, err = run()
    assert code == 2 and "is not done with request req/1 after 1800 s: PROCESSING" in err


def test_an_app_that_never_arrives(standin: Standin, run: Run) -> None:
    standin.polls = 10_000
    code, _, err = run()
    assert code == 2 and "has not installed mine 1.2.0 after 1800 s" in err and "Manage Apps" in err


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"mine/default/app.conf": "[launcher]\n"}, "has no version"),
        ({**GOOD, "mine/local/app.conf": ""}, "mine/local/app.conf would overwrite"),
        ({**GOOD, "other/default/app.conf": ""}, "not a package of one app"),
        ({"mine/README": ""}, "not a package of one app"),
    ],
)
def test_what_is_no_package_for_the_cloud_asks_nobody(
    standin: Standin, run: Run, tmp_path: Path, files: dict[str, str], said: str
) -> None:
    code, _, err = run(file=package_of(tmp_path, files, "wrong.tar.gz"))
    assert code == 2 and said in err and standin.asked == []
    (tmp_path / "text.tar.gz").write_text("text")
    code, _, err = run(file=tmp_path / "text.tar.gz")
    assert code == 2 and "not a package" in err and standin.asked == []


@pytest.mark.parametrize(
    ("stack", "said"), [("no stack", "not the name of a stack"), ("../x", "not the name"), ("", "not the name")]
)
def test_what_is_no_stack(standin: Standin, run: Run, stack: str, said: str) -> None:
    code, _, err = run(stack=stack)
    assert code == 2 and said in err and standin.asked == []


@pytest.mark.parametrize("stack", ["ACME", "acme.splunkcloud.com", "https://acme.splunkcloud.com/"])
def test_a_stack_is_known_by_its_host_name_too(standin: Standin, run: Run, stack: str) -> None:
    assert run(stack=stack)[:2] == (0, "installed mine 1.2.0 into acme\n")


def test_no_token_goes_over_a_plain_connection() -> None:
    with pytest.raises(CloudError, match="over a plain connection"):
        acs.Stack.named(Wire(), STACK, STACK_TOKEN, "http://admin.example.com")
    with pytest.raises(CloudError, match="not an address"):
        acs.Stack.named(Wire(), STACK, STACK_TOKEN, "admin.example.com")


@pytest.mark.parametrize(
    ("arguments", "unset", "said"),
    [
        ([], None, "say where"),
        (["--acs", STACK, "--target", "https://x:8089"], None, "say where"),
        (["--acs", STACK, "--path-on-target", "/x"], None, "are for --target"),
        (["--acs", STACK], "CALTROP_ACS_TOKEN", "no token of the stack"),
        (["--acs", STACK], None, "--acs-legal-ack Y"),
        (["--target", "https://acme.splunkcloud.com:8089"], None, "--acs acme"),
        (["--target", "https://splunk:8089"], None, "--path-on-target"),
        (["--target", "https://127.0.0.1:8089"], None, "CALTROP_PASSWORD"),
    ],
)
def test_what_is_missing_is_said_before_anybody_is_asked(
    run: Run, standin: Standin, package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], unset: str | None, said: str,
) -> None:  # fmt: skip
    if unset:
        monkeypatch.delenv(unset)
    assert main(["install", str(package), *arguments]) == 2
    assert said in capsys.readouterr().err and standin.asked == []


def test_without_an_account_nothing_is_inspected(standin: Standin, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALTROP_SPLUNK_PASSWORD")
    code, _, err = run()
    assert code == 2 and "no account of splunk.com" in err and "CALTROP_APPINSPECT_TOKEN" in err
