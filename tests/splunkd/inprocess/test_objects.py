"""Objects over REST: paging, filtering, sorting, namespaces, access, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

ATOM = "{http://www.w3.org/2005/Atom}"
MACROS = "/servicesNS/nobody/search/admin/macros"


@pytest.fixture(scope="module", autouse=True)
def five(admin: Client) -> None:
    for name, priority in [("m_b", "2"), ("m_A", "10"), ("m_c", "1"), ("m_d", "3"), ("m_e", "")]:
        assert admin.post(MACROS, name=name, definition=f"x {name}", errormsg=priority).status == 201


def names(client: Client, **arguments: Any) -> list[str]:
    return client.get(MACROS, {"search": "m_*", **arguments}).names


def test_pages(admin: Client) -> None:
    assert names(admin) == ["m_A", "m_b", "m_c", "m_d", "m_e"]
    assert names(admin, count=2) == ["m_A", "m_b"] and names(admin, count=2, offset=4) == ["m_e"]
    assert names(admin, offset=9) == [] and len(names(admin, count=-1)) == 5
    paging = admin.get(MACROS, search="m_*", count=2, offset=1).json()["paging"]
    assert paging == {"total": 5, "perPage": 2, "offset": 1}
    assert admin.get(MACROS, count="two").status == 400


def test_order(admin: Client) -> None:
    assert names(admin, sort_dir="desc") == ["m_e", "m_d", "m_c", "m_b", "m_A"]
    assert names(admin, sort_mode="alpha_case", sort_dir="desc")[-1] == "m_A"
    assert names(admin, sort_key="errormsg", search="m_* NOT m_e") == ["m_c", "m_b", "m_d", "m_A"], "as numbers"
    assert names(admin, sort_key="errormsg", sort_mode="alpha", search="m_* NOT m_e") == ["m_c", "m_A", "m_b", "m_d"]
    assert names(admin, sort_key="", sort_dir="desc") == names(admin, sort_key="")[::-1]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("name=m_b", ["m_b"]), ("name=M_B", ["m_b"]), ("m_b OR m_c", ["m_b", "m_c"]), ("name=m_* NOT name=m_b", ["m_A", "m_c", "m_d", "m_e"]),
        ("errormsg=1*", ["m_A", "m_c"]), ("definition='x m_d'", ["m_d"]), ("eai:acl.app=search AND name=m_e", ["m_e"]),
        ('"unbalanced', []), ("nothing_like_it", []), ("disabled=0 m_c", ["m_c"]),
    ],
)  # fmt: skip
def test_filters(admin: Client, search: str, expected: list[str]) -> None:
    assert names(admin, search=search) == expected


def test_xml_and_json_say_the_same(admin: Client) -> None:
    feed = ElementTree.fromstring(admin.get(MACROS, search="m_*", output_mode="xml").body)
    assert [e.findtext(f"{ATOM}title") for e in feed.findall(f"{ATOM}entry")] == names(admin)
    total = feed.findtext("{http://a9.com/-/spec/opensearch/1.1/}totalResults")
    assert total == "5"
    error = ElementTree.fromstring(admin.get(f"{MACROS}/no_such", output_mode="xml").body)
    assert error.findtext("messages/msg") == "Could not find object id=no_such"


def test_errors(admin: Client) -> None:
    for method, path, arguments, status in [
        ("POST", MACROS, {}, 400), ("POST", MACROS, {"name": "m_new"}, 400), ("POST", MACROS, {"name": "m_b", "definition": "x"}, 409),
        ("POST", MACROS, {"name": "a\nb", "definition": "x"}, 400), ("POST", f"{MACROS}/m_b", {"iseval": "perhaps"}, 400),
        ("GET", f"{MACROS}/none", {}, 404), ("DELETE", f"{MACROS}/none", {}, 404), ("DELETE", MACROS, {}, 400), ("PUT", MACROS, {}, 404),
        ("GET", "nowhere/at/all", {}, 404), ("GET", "/elsewhere", {}, 404), ("PATCH", MACROS, {}, 405), ("POST", "", {}, 404),
        ("DELETE", f"{MACROS}/m_b/enable", {}, 405), ("POST", "/servicesNS/nobody/no_app/admin/macros", {"name": "x", "definition": "y"}, 404),
        ("POST", "/servicesNS/no_one/search/admin/macros", {"name": "x", "definition": "y"}, 404), ("GET", "apps/appinstall", {}, 405),
    ]:  # fmt: skip
        answer = admin.post(path, arguments) if method == "POST" else admin.request(method, path, arguments)
        assert answer.status == status, (method, path, answer.text)
        assert answer.text.strip(), "every refusal says why"


def test_folders_list_what_is_in_them(admin: Client) -> None:
    assert admin.get("").status == 404, "the root is no folder"
    assert {"inputs", "indexes", "transforms"} <= set(admin.get("data").names)
    assert admin.request("HEAD", "server/info", {}).status == 200


def test_a_change_and_what_is_shown(admin: Client) -> None:
    assert admin.post(f"{MACROS}/m_b", definition="changed", iseval=1).content["definition"] == "changed"
    content = admin.get(f"{MACROS}/m_b").content
    assert (content["iseval"], content["disabled"], content["eai:appName"]) == (True, False, "search")
    assert admin.post(f"{MACROS}/m_b/disable").content["disabled"] is True
    assert admin.post(f"{MACROS}/m_b/enable").content["disabled"] is False
    template = admin.get(f"{MACROS}/_new").entries[0]
    assert (template["name"], template["fields"]["required"]) == ("_new", ["definition"])
    assert admin.get(f"{MACROS}/_reload").status == 200


# --- namespaces and access ----------------------------------------------------------------------------------------------


def test_whose_objects_a_path_names(admin: Client, someone: Callable[[str], Client]) -> None:
    user = someone("user")
    assert user.post("admin/macros", name="mine", definition="x").status == 201
    assert user.get("admin/macros/mine").entries[0]["acl"]["sharing"] == "user"
    assert admin.get("admin/macros/mine").status == 404
    assert admin.get("/servicesNS/a-user/search/admin/macros/mine").status == 200
    assert "mine" in admin.get("/servicesNS/-/-/admin/macros", count=0).names
    assert "mine" not in someone("power").get("/servicesNS/-/-/admin/macros", count=0).names
    assert user.post("/servicesNS/admin/search/admin/macros", name="planted", definition="x").status == 403
    assert user.delete("admin/macros/mine").status == 200


def test_an_object_moves_when_its_sharing_changes(admin: Client, someone: Callable[[str], Client]) -> None:
    user = someone("user")
    assert admin.post("admin/macros", name="moving", definition="x").status == 201
    assert user.get("admin/macros/moving").status == 404
    acl = "/servicesNS/admin/search/admin/macros/moving/acl"
    shared = admin.post(acl, {"sharing": "app", "owner": "admin", "perms.read": "user", "perms.write": "power"})
    assert shared.entries[0]["acl"]["perms"] == {"read": ["user"], "write": ["power"]}
    assert user.get("admin/macros/moving").status == 200
    assert user.post(f"{MACROS}/moving", definition="y").status == 403
    assert user.post(f"{MACROS}/moving/disable").status == 403
    assert someone("power").post(f"{MACROS}/moving", definition="y").status == 200
    assert admin.post(f"{MACROS}/moving/acl", {"sharing": "app", "owner": "admin", "perms.read": "power"}).status == 200
    assert user.get("admin/macros/moving").status == 404
    assert admin.post(f"{MACROS}/moving/acl", sharing="global", owner="admin").entries[0]["acl"]["sharing"] == "global"
    assert admin.post(f"{MACROS}/moving/acl", sharing="sideways", owner="admin").status == 400
    assert admin.post(f"{MACROS}/moving/acl", sharing="app").status == 400
    back = admin.post(f"{MACROS}/moving/acl", sharing="user", owner="admin")
    assert back.entries[0]["acl"]["sharing"] == "user"
    assert admin.get("/servicesNS/admin/search/admin/macros/moving/acl").entries[0]["acl"]["owner"] == "admin"
    assert admin.delete("/servicesNS/admin/search/admin/macros/moving").status == 200


# --- conf files as they are ---------------------------------------------------------------------------------------------


def test_conf_files(admin: Client) -> None:
    base = "/servicesNS/nobody/search/configs/conf-ours"
    assert admin.post(base, name="one", key="value").status == 201
    assert admin.get(f"{base}/one").content["key"] == "value"
    assert admin.post(f"{base}/one", key="other", more="1").content["key"] == "other"
    assert admin.delete(f"{base}/one").status == 200 and admin.get(f"{base}/one").status == 404
    assert admin.get("configs/conf-..%2Fx").status == 404
    new = "/servicesNS/admin/search/configs/conf-savedsearches/_new"
    assert admin.get(new).content["max_concurrent"] == "1"
    assert admin.post(new, max_concurrent="many").content["max_concurrent"] == "1"
    assert admin.post("configs/conf-limits", name="probe", a="b").entries[0]["acl"]["app"] == "system"
    made = admin.post("configs/conf-indexes", name="by_conf", homePath="x")
    assert made.status == 201 and "by_conf" in admin.get("data/indexes", count=0).names


def test_properties(admin: Client) -> None:
    base = "/servicesNS/nobody/search/properties"
    assert admin.post(base, __conf="kept").status == 201
    again = admin.post(base, __conf="kept")
    assert (again.status, again.headers["location"]) == (303, "/services/properties/kept")
    assert admin.post(f"{base}/kept", __stanza="s").status == 201
    assert admin.post(f"{base}/kept/s", a="1", b="2").status == 200
    assert admin.post(f"{base}/kept/s/c", value="3").status == 200
    assert admin.get(f"{base}/kept/s/c").text == "3"
    assert sorted(admin.get(f"{base}/kept/s").names) == ["a", "b", "c"]
    assert "s" in admin.get(f"{base}/kept").names and "kept" in admin.get(base).names
    for method, path, arguments, status in [
        ("GET", "no_such", {}, 404), ("GET", "kept/none", {}, 404), ("GET", "kept/s/none", {}, 404), ("POST", "", {"__conf": "a/b"}, 400),
        ("POST", "kept/s/c", {}, 400), ("POST", "kept", {}, 400), ("DELETE", "kept", {}, 405), ("GET", "a%2Fb", {}, 404),
    ]:  # fmt: skip
        target = f"{base}/{path}".rstrip("/")
        answer = admin.post(target, arguments) if method == "POST" else admin.request(method, target, arguments)
        assert answer.status == status, (method, path, answer.text)
    assert admin.post("properties/indexes", __stanza="by_property").status == 201
    assert "by_property" in admin.get("data/indexes", count=0).names


# --- indexes, roles, users, tokens --------------------------------------------------------------------------------------


def test_indexes(admin: Client) -> None:
    made = admin.post("data/indexes", name="made", maxTotalDataSizeMB=10)
    assert (made.status, made.content["maxTotalDataSizeMB"]) == (201, 10)
    admin.send("receivers/simple", "text", index="made")
    content = admin.get("data/indexes/made").content
    assert (content["totalEventCount"], bool(content["minTime"]), content["isInternal"]) == (1, True, False)
    assert admin.post("data/indexes/made/roll-hot-buckets").status == 200
    assert admin.post("data/indexes/made", frozenTimePeriodInSecs="soon").status == 400
    for arguments, status in [({"name": "made"}, 409), ({"name": "Upper"}, 400), ({"name": "kvstore"}, 400)]:
        assert admin.post("data/indexes", arguments).status == status
    assert admin.delete("data/indexes/made").status == 200
    assert admin.send("receivers/simple", "text", index="made").messages == ["supplied index 'made' missing"]


def test_roles(admin: Client) -> None:
    made = admin.post("authorization/roles", {
        "name": "Hunters", "imported_roles": "user", "capabilities": ["edit_tcp", "search"], "srchIndexesAllowed": "main;summary",
    })  # fmt: skip
    content = made.content
    assert (made.names, content["imported_roles"], content["capabilities"]) == (
        ["hunters"],
        ["user"],
        ["edit_tcp", "search"],
    )
    assert content["srchIndexesAllowed"] == ["main", "summary"] and "get_typeahead" in content["imported_capabilities"]
    assert admin.post("authorization/roles/hunters", capabilities="search").content["capabilities"] == ["search"]
    for arguments, status in [
        ({"name": "hunters"}, 409), ({"name": "x", "imported_roles": "nobodies"}, 400), ({"name": "x", "capabilities": "fly"}, 400),
    ]:  # fmt: skip
        assert admin.post("authorization/roles", arguments).status == status
    assert admin.post("authentication/users", name="h", password="p-long-enough", roles="hunters").status == 201
    assert (
        admin.post("authentication/users", name="i", password="p-long-enough", roles=["hunters", "user"]).status == 201
    )
    assert "hunters" not in admin.delete("authorization/roles/hunters", count=0).names
    assert admin.get("authentication/users/h").status == 404, "who held nothing else goes with the role"
    assert admin.get("authentication/users/i").content["roles"] == ["user"]
    assert admin.delete("authentication/users/i").status == 200
    assert admin.delete("authorization/roles/admin").status == 400
    assert admin.delete("authorization/roles/user").status == 400, "what is shipped stays"
    assert "edit_tcp" in admin.get("authorization/capabilities").content["capabilities"]


def test_users(admin: Client) -> None:
    made = admin.post(
        "authentication/users",
        name="Newcomer",
        password="p-long-enough",
        roles=["user", "power"],
        realname="New",
        tz="UTC",
    )
    assert (made.names, made.content["roles"], made.content["realname"]) == (["newcomer"], ["user", "power"], "New")
    assert admin.post("authentication/users/newcomer", roles="user", email="n@example.org").content["roles"] == ["user"]
    for arguments, status in [
        ({"name": "newcomer", "password": "long enough", "roles": "user"}, 409), ({"name": "x y", "password": "long enough", "roles": "user"}, 400),
        ({"name": "x", "password": "long enough"}, 400), ({"name": "x", "roles": "user"}, 400), ({"name": "x", "password": "", "roles": "user"}, 400),
        ({"name": "x", "password": "long enough", "roles": "none"}, 400), ({"name": "x", "password": "long enough", "roles": "user", "defaultApp": "none"}, 400),
    ]:  # fmt: skip
        assert admin.post("authentication/users", arguments).status == status, arguments
    assert admin.post("authentication/users/newcomer", roles="").status == 400
    assert admin.delete("authentication/users/admin").status == 400
    assert admin.post("authentication/users/none", email="x").status == 400
    assert admin.delete("authentication/users/newcomer").status == 200


def test_tokens_and_sessions(admin: Client, someone: Callable[[str], Client]) -> None:
    user = someone("user")
    made = user.post("authorization/tokens", name="a-user", audience="tests", expires_on="+1d").content
    bearer = Client(admin.daemon).bearing(f"Bearer {made['token']}")
    assert bearer.get("authentication/current-context").content["username"] == "a-user"
    assert made["id"] in user.get("authorization/tokens", count=0).names
    claims = user.get(f"authorization/tokens/{made['id']}").content["claims"]
    assert claims["exp"] - claims["iat"] == 86400
    assert user.delete(f"authorization/tokens/{made['id']}").status == 200
    assert bearer.get("server/info").status == 401
    for arguments in (
        {"name": "none", "audience": "x"},
        {"name": "admin"},
        {"name": "admin", "audience": "x", "expires_on": "soon"},
    ):
        assert admin.post("authorization/tokens", arguments).status == 400
    assert admin.post("authorization/tokens", name="admin", audience="x", expires_on="9999999999").status == 201
    session = Client(admin.daemon).login("a-user", "secret")
    key = session.headers["authorization"].removeprefix("Splunk ")
    assert key in session.get("authentication/httpauth-tokens").names
    assert session.delete(f"authentication/httpauth-tokens/{key}").status == 200
    assert session.get("server/info").status == 401


def test_logging_in(admin: Client) -> None:
    bare = Client(admin.daemon)
    answer = bare.post("auth/login", username="admin", password="secret", output_mode="xml", cookie=1)
    key = ElementTree.fromstring(answer.body).findtext("sessionKey")
    assert key and answer.headers["set-cookie"].startswith(f"splunkd_0={key};")
    with_cookie = Client(admin.daemon, {"cookie": f'other=1; splunkd_8089="{key}"'})
    again = with_cookie.get("authentication/current-context")
    assert again.content["username"] == "admin" and key in again.headers["set-cookie"]
    assert bare.get("auth/login").status == 401
    assert bare.bearing("Basic !!!").get("server/info").status == 401


def test_wrong_passwords_lock_an_account_as_configured(admin: Client, someone: Callable[[str], Client]) -> None:
    someone("user")
    name = {"username": "a-user", "output_mode": "json"}
    rules = "properties/authentication/splunk_auth"

    def right_after(wrong: int) -> int:
        for _ in range(wrong):
            assert Client(admin.daemon).post("auth/login", name, password="no").status == 401
        return Client(admin.daemon).post("auth/login", name, password="secret").status

    assert right_after(4) == 200 and right_after(5) == 401
    assert admin.get("authentication/users/a-user").content["locked-out"] is True
    assert admin.post(rules, lockoutAttempts="7").status == 200
    assert right_after(1) == 200, "the setting counts at once"
    assert right_after(7) == 401
    assert admin.post(rules, lockoutUsers="0").status == 200
    assert right_after(9) == 200
    for wrong in ("0", "65", "many"):
        assert admin.post(rules, lockoutUsers="1", lockoutAttempts=wrong).status == 200
        assert right_after(4) == 200 and right_after(5) == 401, "outside Splunk's range it is five"
        assert admin.post("authentication/users/a-user", {"locked-out": "0"}).status == 200
    assert admin.post(rules, lockoutAttempts="5").status == 200


# --- the server about itself --------------------------------------------------------------------------------------------


def test_messages_for_roles_and_capabilities_that_are_there(admin: Client) -> None:
    text = {"name": "told", "value": "text"}
    assert admin.post("messages", text | {"role": "admin", "capability": "apps_restore"}).status == 201
    for wrong in ({"role": "no_such_role"}, {"capability": "no_such_capability"}):
        answer = admin.post("messages", text | wrong)
        assert answer.status == 400 and next(iter(wrong.values())) in answer.messages[0]
    assert admin.delete("messages/told").status == 200


def test_a_saved_search_that_is_there_already(admin: Client) -> None:
    for status in (201, 409):
        answer = admin.post("saved/searches", name="twice", search="| makeresults")
        assert answer.status == status
    assert answer.messages == [
        "Unable to create saved search with name 'twice'. A saved search with that name already exists."
    ]
    assert admin.delete("saved/searches/twice").status == 200


def test_a_form_is_a_form_whatever_its_label_and_method(admin: Client) -> None:
    json_label, form_label = "application/json", "application/x-www-form-urlencoded"
    assert admin.request("POST", "messages", {}, b"name=labelled&value=one+two", json_label).status == 201
    assert admin.get("messages/labelled").content["message"] == "one two"
    assert len(admin.request("GET", "authorization/roles", {}, b"count=2&output_mode=json", form_label).entries) == 2
    query = {"name": "json", "value": "x"}
    assert admin.request("POST", "messages", query, b' {"name": "other", "value": "y"}', json_label).status == 201
    assert admin.get("messages/json").content["message"] == "x"
    for name in ("labelled", "json"):
        assert admin.delete(f"messages/{name}").status == 200


def test_the_collector_as_a_whole(admin: Client, daemon: Daemon) -> None:
    base = "/servicesNS/nobody/splunk_httpinput/data/inputs/http/http"
    before = admin.get(base).content
    assert (before["port"], before["enableSSL"], before["useDeploymentServer"]) == (daemon.state.hec_port, True, False)
    told = admin.post(base, disabled=1, port=8087, enableSSL=0, useDeploymentServer=1).content
    assert (told["disabled"], told["port"], told["enableSSL"], told["useDeploymentServer"]) == (
        True,
        "8087",
        False,
        True,
    )
    assert admin.post(base, disabled=0, enableSSL=1).content["disabled"] is False
    limit = "/servicesNS/nobody/splunk_httpinput/configs/conf-limits/http_input"
    assert admin.get(limit).content["max_content_length"] == "268435456"
    assert admin.post(limit, max_content_length="1000").content["max_content_length"] == "1000"


def test_settings_messages_and_restart(admin: Client) -> None:
    assert admin.get("server/info").content["licenseState"] == "OK"
    assert admin.get("server/health/splunkd").content["health"] == "green"
    assert admin.post("server/settings/settings", sessionTimeout="2h").content["sessionTimeout"] == "2h"
    assert admin.post("server/settings/settings", pass4SymmKey="x").content["pass4SymmKey"] == "********"
    assert admin.post("server/settings/settings", colour="x").status == 400
    assert admin.get("messages").names == ["restart_required"]
    assert admin.get("server/health/splunkd").content["health"] == "yellow"
    assert admin.post("messages", name="ours", value="text", severity="info").content["ours"] == "text"
    assert admin.post("messages", name="ours", value="text", severity="loud").status == 400
    assert admin.delete("messages/ours").status == 200
    assert admin.post("server/control/restart").status == 200
    assert admin.get("messages").names == []
    assert admin.post("server/logger/AuditLogger", level="crit").content["level"] == "CRIT"
    assert admin.post("server/logger/AuditLogger", level="shout").status == 400
    assert admin.post("server/logger/AuditLogger", level="INFO").status == 200


def test_stored_passwords(admin: Client, someone: Callable[[str], Client]) -> None:
    made = admin.post("storage/passwords", name="us:er", realm="re:alm", password="pässword")
    content = made.content
    assert (content["username"], content["realm"], content["clear_password"]) == ("us:er", "re:alm", "pässword")
    assert "pässword" not in content["encr_password"]
    assert admin.post("storage/passwords", name="us:er", realm="re:alm", password="x").status == 409
    assert admin.post("storage/passwords", name="plain", password="one").names == [":plain:"]
    assert admin.get("storage/passwords/plain").content["realm"] == ""
    for name in ("plain", ":plain", ":plain:"):
        assert admin.get(f"storage/passwords/{name}").content["clear_password"] == "one"
    assert admin.post("storage/passwords/plain", password="two").content["clear_password"] == "two"
    assert admin.post("storage/passwords/plain").status == 400
    assert admin.delete("storage/passwords/plain").status == 200
