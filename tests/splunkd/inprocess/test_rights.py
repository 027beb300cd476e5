"""Who may do what: the table of rights.txt, which knows every registered path, action and verb."""

from __future__ import annotations

import pytest

from caltrop.engine.services import Services
from caltrop.splunkd.access import capabilities
from caltrop.splunkd.access.accounts import SYSTEM_USER
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.rest import collection
from caltrop.splunkd.wire.http import ApiError

from . import rights
from .conftest import Clock

ROWS = rights.rows()
FAMILIES = sorted({row.path.rpartition("/")[0] or row.path for row in ROWS})
OPEN = {"auth/login"}  # answers without a login, and says 401 itself where name or password are wrong


@pytest.fixture(scope="module")
def callers(daemon: Daemon) -> dict[str, Client]:
    return rights.callers(daemon)


@pytest.fixture(scope="module")
def locked_out(daemon: Daemon, clock: Clock) -> dict[str, Client]:
    def wait(seconds: float) -> None:
        clock.now += seconds

    return rights.locked_out(daemon, wait)


def test_the_table_knows_every_route_and_nothing_else() -> None:
    assert {row.text for row in ROWS} == set(rights.recorded())


def test_the_table_of_capabilities_names_paths_that_are_there() -> None:
    known = {*collection.routes, *collection.collections, "data/inputs/<scheme>"}
    for path in capabilities.TABLE:
        base = path.split("?")[0].split("/*/")[0].removesuffix("/export")
        assert base in known, path


@pytest.mark.parametrize("family", FAMILIES)
def test_users_power_users_and_administrators(daemon: Daemon, callers: dict[str, Client], family: str) -> None:
    table = rights.recorded()
    rows = [row for row in ROWS if (row.path.rpartition("/")[0] or row.path) == family]
    assert {row.text: rights.measure(daemon, row, callers) for row in rows} == {r.text: table[r.text] for r in rows}


def test_nobody_else_gets_in(daemon: Daemon, locked_out: dict[str, Client]) -> None:
    """Every row, as each of those whose session or token is over, or never was."""
    let_in = []
    for row in ROWS:
        if row.path in OPEN:
            continue
        target = f"{row.path}/{row.below}".rstrip("/").replace("<name>", "x").replace("conf-*", "conf-macros")
        for who, client in locked_out.items():
            for prefix in ("/services", "/servicesNS/nobody/search"):
                if client.request(row.method, f"{prefix}/{target}", {"name": "x"}).status != 401:
                    let_in.append((who, row.text))
    assert not let_in


@pytest.mark.parametrize(("name", "password"), [("admin", "wrong"), ("admin", ""), ("nobody", ""), (SYSTEM_USER, "")])
def test_a_name_needs_its_password(daemon: Daemon, name: str, password: str) -> None:
    assert Client(daemon).basic(name, password).get("server/info").status == 401
    answer = Client(daemon).post("auth/login", username=name, password=password)
    assert (answer.status, answer.messages) == (401, ["Login failed"])


def test_a_token_that_is_good_lets_in_until_it_ends(daemon: Daemon, clock: Clock) -> None:
    _, secret = daemon.state.accounts.create_token("admin", "tests", clock.now + 10)
    client = Client(daemon).bearing(f"Bearer {secret}")
    assert client.get("authentication/current-context").content["username"] == "admin"
    clock.now += 10
    assert client.get("authentication/current-context").status == 401


def test_a_session_lives_as_long_as_it_is_used(daemon: Daemon, clock: Clock) -> None:
    client = Client(daemon).login("admin", "secret")
    for _ in range(3):
        clock.now += 3599
        assert client.get("server/info").status == 200
    clock.now += 3600
    assert client.get("server/info").status == 401


# What depends on the arguments, not on the path alone.
@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("apps/local", {"name": "/etc", "filename": "1"}),
        ("configs/conf-authorize", {"name": "role_x"}),
        ("configs/conf-authorize/role_user", {"admin_all_objects": "enabled"}),
        ("properties/authorize/role_user/admin_all_objects", {"value": "enabled"}),
        ("properties/inputs", {"__stanza": "x"}),
        ("authorization/tokens", {"name": "admin", "audience": "a"}),
        ("authentication/users/a-power", {"roles": "admin"}),
        ("authentication/users/admin", {"password": "x"}),
    ],
)
def test_what_needs_more_than_the_path_says(callers: dict[str, Client], path: str, arguments: dict[str, str]) -> None:
    assert callers["power"].post(path, arguments).status == 403


def test_everybody_may_change_their_own_password(daemon: Daemon, callers: dict[str, Client]) -> None:
    own = callers["user"]
    wrong = own.post("authentication/users/a-user", password="better word", oldpassword="not it")
    assert (wrong.status, wrong.messages) == (400, ["The old password is wrong"])
    assert own.post("authentication/users/a-user", password="better word", oldpassword="secret").status == 200
    assert own.get("server/info").status == 401
    assert Client(daemon).basic("a-user", "better word").get("server/info").status == 200
    daemon.state.accounts.set_user("a-user", password="secret")


def test_a_refusal_names_the_capability(callers: dict[str, Client]) -> None:
    """Measured: auth-403-names-capability."""
    assert callers["user"].post("data/indexes", name="x").messages == [
        "You (user=a-user) do not have permission to perform this operation (requires capability: indexes_edit)."
    ]


def test_a_name_without_an_account_has_no_rights(daemon: Daemon) -> None:
    """Searches run as their owner; whose account is gone sees nothing. What the server does itself has a name of its own."""
    services: Services = daemon.state.instance.services
    indexes = daemon.state.store.indexes()
    assert services.searchable(indexes, "somebody who is gone") == []
    assert not services.may("somebody who is gone", "search")
    assert not services.may("somebody who is gone", "delete_by_keyword")
    assert "_internal" in services.searchable(indexes, SYSTEM_USER)
    assert services.may(SYSTEM_USER, "delete_by_keyword")
    assert services.searchable(indexes, "a-user") and "_internal" not in services.searchable(indexes, "a-user")


def test_the_servers_own_identity_is_no_account(admin: Client) -> None:
    assert SYSTEM_USER not in admin.get("authentication/users", count=0).names
    assert admin.post("authentication/users", name=SYSTEM_USER, password="x", roles="user").status == 409


def test_the_server_may_ask_itself(daemon: Daemon) -> None:
    with daemon.state.accounts.session(SYSTEM_USER) as key:
        client = Client(daemon).bearing(f"Splunk {key}")
        assert client.get("authentication/current-context").content["username"] == SYSTEM_USER
        assert client.get("server/settings").status == 200


def test_a_session_for_a_script_ends_with_it(daemon: Daemon) -> None:
    services: Services = daemon.state.instance.services
    with services.session("admin") as key:
        client = Client(daemon).bearing(f"Splunk {key}")
        assert client.get("authentication/current-context").content["username"] == "admin"
    assert client.get("authentication/current-context").status == 401
    with pytest.raises(ValueError, match="it failed"), services.session("admin") as key:
        raise ValueError("it failed")
    assert key not in daemon.state.accounts.sessions()


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("", True),
        ("search", True),
        ("edit_user", False),
        ("edit_user or search", True),
        ("edit_user and search", False),
        ("edit_user OR search AND edit_user", False),
        ("(edit_user or search) and search", True),
        ("search and (edit_user or (search))", True),
        ("search or", False),
        ("(search", False),
        ("search)", False),
        ("search search", False),
    ],
)
def test_capabilities_of_restmap_are_an_expression(
    daemon: Daemon, admin: Client, expression: str, allowed: bool
) -> None:
    """One that cannot be read is held by administrators alone."""
    assert admin.post("authorization/roles", name="searcher", capabilities=["search"]).status in {201, 409}
    caller = daemon.state.accounts.set_user("expressed", password="secret", roles=["searcher"])
    root = daemon.state.accounts.find("admin")
    assert caller is not None and root is not None
    daemon.state.permissions.require_all(root, expression)
    if allowed:
        daemon.state.permissions.require_all(caller, expression)
    else:
        with pytest.raises(ApiError, match="requires capability"):
            daemon.state.permissions.require_all(caller, expression)


@pytest.mark.parametrize("name", ["two words", "a:b", "a;b", "a/b"])
def test_names_that_no_role_can_have(admin: Client, name: str) -> None:
    answer = admin.post("authorization/roles", name=name)
    assert answer.status == 400 and "role name" in answer.text
