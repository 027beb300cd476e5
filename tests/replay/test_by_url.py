"""`caltrop test` against a server by URL, as a site has it: installed before, a user who is no administrator, tokens, certificates.

What the harness needs of a user is found here, and told in docs/targets.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caltrop.cli import main
from caltrop.content.begin import begin
from caltrop.replay.remote import Credentials, RemoteTarget
from caltrop.splunkd.server import Server
from caltrop.splunkd.wire.tls import certificate

pytestmark = pytest.mark.slow
PASSWORD, HEC_TOKEN = "correct horse", "11111111-2222-3333-4444-555555555555"
INDEX = "caltrop_test"
# What a user needs when index, collector token and app are there: everything else is the role `power`'s.
NEEDED = ("delete_by_keyword",)
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("content")
    begin(root, "2026-01-01")
    return root


@pytest.fixture(scope="module")
def server(content: Path) -> Iterator[Server]:
    """With the package installed, the index made and a collector token, as an administrator does it once."""
    with Server() as running:
        assert main(["build", "--content", str(content), "--out", str(content / "dist")]) == 0
        (package,) = (content / "dist").glob("*.tar.gz")
        words = ["install", str(package), "--target", running.url, "--password", running.password or ""]
        assert main(words) == 0
        admin = RemoteTarget.connect(running.url, Credentials("admin", running.password or ""))
        admin.service.indexes.create(INDEX)
        running.create_hec_token("given", HEC_TOKEN, index=INDEX, indexes=INDEX)
        yield running


@pytest.fixture
def user(server: Server) -> Callable[..., list[str]]:
    """The command line's words for a user of the role `power` with more capabilities, whose searches look into the index."""

    def made(*capabilities: str, default: str = INDEX, roles: tuple[str, ...] = ("power",)) -> list[str]:
        settings = dict.fromkeys(capabilities, "enabled") | {
            "importRoles": ";".join(roles), "srchIndexesAllowed": "*", "srchIndexesDefault": default,
        }  # fmt: skip
        for old in (*NEEDED, "edit_token_http", "indexes_edit"):
            settings.setdefault(old, "disabled")
        server.daemon.state.config.set("authorize", "role_prover", settings, app="search")
        server.daemon.state.accounts.set_user("pat", password=PASSWORD, roles=["prover"])
        return ["--username", "pat", "--password", PASSWORD]

    return made


@pytest.fixture
def run(server: Server, content: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str]:
        code = main(["test", "--content", str(content), "--target", server.url, *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def collector(server: Server) -> list[str]:
    return ["--hec-url", server.hec_url, "--hec-token", HEC_TOKEN]


def test_a_user_who_is_no_administrator(run: Run, server: Server, user: Callable[..., list[str]]) -> None:
    code, said = run("--installed", *user(*NEEDED), *collector(server))
    assert code == 0 and "1 passed" in said, said


def test_a_user_who_may_make_tokens_needs_none(run: Run, server: Server, user: Callable[..., list[str]]) -> None:
    """The collector listens on a port of its own, not 8088, and the target says which."""
    assert server.hec_port != 8088
    code, said = run("--installed", *user(*NEEDED, "edit_token_http"))
    assert code == 0 and "1 passed" in said, said


@pytest.mark.parametrize(
    ("capabilities", "default", "roles", "words", "said"),
    [
        ((), INDEX, ("power",), [], "may not delete events\n  hint: the user needs the capability delete_by_keyword"),
        (NEEDED, "main", ("power",), [], "do not look into index 'caltrop_test' unless they name it"),
        (NEEDED, INDEX, ("power",), ["--index", "another"], "indexes_edit"),
        (NEEDED, INDEX, ("user",), [], "it takes write access to the app"),
    ],
    ids=["no deleting", "another default index", "no index", "no writing in the app"],
)
def test_what_a_user_lacks_is_said(
    run: Run, server: Server, user: Callable[..., list[str]], capabilities: tuple[str, ...], default: str,
    roles: tuple[str, ...], words: list[str], said: str,
) -> None:  # fmt: skip
    arguments = [*user(*capabilities, default=default, roles=roles), *collector(server), *words]
    code, told = run("--installed", *arguments)
    assert code in (1, 2) and said in told, told


def test_without_a_collector_token_or_the_right_to_make_one(
    run: Run, server: Server, user: Callable[..., list[str]]
) -> None:
    code, told = run("--installed", *user(*NEEDED))
    assert code == 2 and "list_token_http OR edit_token_http" in told and "--hec-token" in told, told


def test_sending_data_asks_nothing_of_searches(
    server: Server, content: Path, user: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    data = content / "tests/data/many_paths_not_found_from_one_client.log"
    words = ["replay", str(data), "--target", server.url, "--index", INDEX, *user(default="main"), *collector(server)]
    assert main(words) == 0
    assert "10 events sent" in capsys.readouterr().out


def test_without_the_right_to_install(run: Run, server: Server, user: Callable[..., list[str]]) -> None:
    code, told = run(*user(*NEEDED), *collector(server))
    assert code == 2 and "install_apps" in told and "--installed" in told, told


def test_a_token_instead_of_a_password(run: Run, server: Server, tmp_path: Path) -> None:
    admin = RemoteTarget.connect(server.url, Credentials("admin", server.password or ""))
    reply = admin.service.post("authorization/tokens", name="admin", audience="proof", output_mode="json").body.read()
    (tmp_path / "token").write_text(json.loads(reply)["entry"][0]["content"]["token"] + "\n")
    code, said = run("--token-file", str(tmp_path / "token"))
    assert code == 0 and "1 passed" in said, said
    (tmp_path / "token").write_text("eyJhbGciOiJub25lIn0.e30.\n")
    code, said = run("--token-file", str(tmp_path / "token"))
    assert code == 2 and "refused the token" in said


def test_a_package_that_the_target_finds_in_another_folder(
    run: Run, server: Server, content: Path, tmp_path: Path
) -> None:
    """As a container does that has dist/ mounted."""
    (tmp_path / "mounted").symlink_to(content / "dist")
    words = ["--password", server.password or "", "--package-path"]
    code, said = run(*words, str(tmp_path / "mounted"))
    assert code == 0 and "1 passed" in said, said
    code, said = run(*words, str(tmp_path / "nowhere"))
    assert code == 2 and "nowhere" in said and "mount it there" in said, said


def test_a_certificate_that_is_checked(run: Run, server: Server, tmp_path: Path) -> None:
    own = server.daemon.state.data_dir / "auth" / "server.pem"
    words = ["--password", server.password or ""]
    code, said = run(*words, "--ca", str(own))
    assert code == 0 and "1 passed" in said, said
    other, _ = certificate(tmp_path)
    code, said = run(*words, "--ca", str(other))
    assert code == 2 and "cannot be trusted" in said
    code, said = run(*words, "--ca", str(own), "--insecure")
    assert code == 2 and "give one" in said


def test_a_collector_that_is_not_where_it_is_said_to_be(run: Run, server: Server) -> None:
    code, said = run("--password", server.password or "", "--hec-url", "https://127.0.0.1:1")
    assert code == 1 and "cannot reach the HTTP Event Collector at https://127.0.0.1:1" in said, said
