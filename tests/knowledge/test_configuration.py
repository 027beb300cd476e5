"""Configuration: precedence, visibility, edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.dialect.conf import ConfError
from caltrop.knowledge import Configuration, Conflict, NotFound

from .conftest import MakeApp


def value(
    config: Configuration, app: str | None = None, user: str = "nobody", stanza: str = "s", key: str = "k"
) -> str | None:
    return config.get("x", stanza, key, app, user)


def conf(text: str) -> dict[str, str]:
    return {"default/x.conf": f"[s]\nk = {text}\n"}


@pytest.fixture
def etc(tmp_path: Path, make_app: MakeApp) -> Path:
    """Three apps, a system layer and a user; `private` exports nothing."""
    etc = tmp_path / "etc"
    apps = etc / "apps"
    make_app("alpha", {"default/x.conf": "[s]\nk = alpha\nonly_alpha = 1\n"}, under=apps)
    make_app("beta", {"default/x.conf": "[s]\nk = beta\n", "local/x.conf": "[s]\nlocal_key = beta\n"}, under=apps)
    make_app("private", {"default/x.conf": "[s]\nk = private\nsecret = 1\n"}, export=False, under=apps)
    make_app("system", {"default/x.conf": "[default]\nd = system\n[s]\nk = system\nsys = 1\n"}, under=etc)
    user = etc / "users" / "ann" / "alpha" / "local"
    user.mkdir(parents=True)
    (user / "x.conf").write_text("[s]\nk = ann\n")
    return etc


CONTEXTS = [
    (None, "nobody", "alpha"),  # global: the app that sorts first
    ("alpha", "nobody", "alpha"),
    ("beta", "nobody", "beta"),
    ("alpha", "ann", "ann"),
    ("beta", "ann", "beta"),  # settings of a user belong to one app
    ("private", "nobody", "private"),
    ("elsewhere", "nobody", "beta"),  # other apps: the last in order wins
]


@pytest.mark.parametrize(("app", "user", "expected"), CONTEXTS)
def test_precedence(etc: Path, app: str | None, user: str, expected: str) -> None:
    assert value(Configuration(etc), app, user) == expected


def test_only_exported_settings_cross_apps(etc: Path) -> None:
    config = Configuration(etc)
    assert value(config, "alpha", key="secret") is None
    assert value(config, "private", key="secret") == "1"
    assert value(config, None, key="secret") == "1"
    assert value(config, "alpha", key="sys") == "1"


def test_local_over_default_and_default_stanza(etc: Path) -> None:
    config = Configuration(etc)
    assert value(config, "alpha", key="local_key") == "beta"
    assert value(config, "alpha", key="d") == "system"
    assert value(config, "alpha", stanza="nowhere", key="d") == "system"
    stanza = config.stanza("x", "s", "alpha")
    assert stanza is not None and stanza.get("d") == "system" and stanza.app == "alpha"
    assert config.stanza("x", "nowhere", "alpha") is None


def test_global_local_of_any_app_beats_every_default(make_app: MakeApp) -> None:
    first = make_app("a", conf("a"))
    second = make_app("b", {**conf("b"), "local/x.conf": "[s]\nk = b local\n"})
    assert value(Configuration([first, second])) == "b local"


def test_metadata_of_one_object(make_app: MakeApp) -> None:
    app = make_app(
        "a",
        {"default/x.conf": "[one/two]\nk = 1\n[s]\nk = 2\n", "metadata/local.meta": "[x/one%2Ftwo]\nexport = system\n"},
        export=False,
    )
    config = Configuration([app])
    assert value(config, "b", stanza="one/two") == "1"
    assert value(config, "b") is None
    config.set_meta("a", "x", "s", {"export": "system"})
    assert value(config, "b") == "2"
    assert config.sharing("x", config.stanzas("x", "b")["s"]) == "global"


def test_disabled_apps_are_not_seen(make_app: MakeApp) -> None:
    app = make_app("a", {**conf("a"), "local/app.conf": "[install]\nstate = disabled\n"})
    config = Configuration([app, make_app("b", conf("b"))])
    assert value(config) == "b"
    assert not config.enabled("a") and set(config.apps()) == {"a", "b"}


def test_origin(etc: Path) -> None:
    setting = Configuration(etc).stanzas("x", "beta")["s"].settings["only_alpha"]
    assert (setting.app, setting.line, setting.path.name) == ("alpha", 3, "x.conf")


def test_edits_go_to_local_and_show_at_once(etc: Path) -> None:
    config = Configuration(etc)
    before, print_before = config.generation, config.fingerprint(["x"], "alpha")
    config.set("x", "s", {"k": "new", "multi": "a\nb"}, app="alpha")
    assert value(config, "alpha") == "new" and value(config, "alpha", key="multi") == "a\nb"
    assert config.generation > before and config.fingerprint(["x"], "alpha") != print_before
    assert "k = alpha" in (etc / "apps/alpha/default/x.conf").read_text()
    config.unset("x", "s", "k", app="alpha")
    assert value(config, "alpha") == "alpha"


def test_edits_of_a_user_stay_the_users(etc: Path) -> None:
    config = Configuration(etc)
    config.create("x", "mine", {"k": "1"}, app="beta", user="ann")
    assert value(config, "beta", "ann", "mine") == "1"
    assert value(config, "beta", "bob", "mine") is None
    assert config.sharing("x", config.stanzas("x", "beta", "ann")["mine"]) == "user"
    config.move("x", "mine", ("beta", "ann"), ("beta", "nobody"))
    assert value(config, "beta", "bob", "mine") == "1"


def test_create_and_remove_refuse(etc: Path) -> None:
    config = Configuration(etc)
    with pytest.raises(Conflict, match="exists already"):
        config.create("x", "s", {}, app="alpha")
    with pytest.raises(Conflict, match="shipped"):
        config.remove("x", "s", app="alpha")
    with pytest.raises(NotFound):
        config.remove("x", "nowhere", app="alpha")
    with pytest.raises(NotFound, match="no app"):
        config.set("x", "s", {}, app="nowhere")
    config.create("x", "t", {"k": "1"}, app="alpha")
    config.remove("x", "t", app="alpha")
    assert config.stanza("x", "t", "alpha") is None


@pytest.mark.parametrize(
    ("conf_name", "user"), [("../x", "nobody"), ("x", ".."), ("a/b", "nobody"), ("x", "a/b"), ("", "nobody")]
)
def test_names_cannot_leave_the_folder(etc: Path, conf_name: str, user: str) -> None:
    with pytest.raises(ConfError):
        Configuration(etc).set(conf_name, "s", {"k": "v"}, app="alpha", user=user)


@pytest.mark.parametrize(
    ("conf_name", "app", "user"), [("../x", "alpha", "nobody"), ("x", "..", "ann"), ("x", "alpha", "../ann")]
)
def test_reading_cannot_leave_the_folders_either(etc: Path, conf_name: str, app: str, user: str) -> None:
    for folder in (etc / "apps/alpha", etc / "users", etc / "ann/alpha/local", etc / "users/ann/local"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "x.conf").write_text("[secret]\nk = 1\n")
    assert "secret" not in Configuration(etc).stanzas(conf_name, app, user)


def test_reload_sees_new_apps_and_changed_files(etc: Path, make_app: MakeApp) -> None:
    config = Configuration(etc)
    make_app("zeta", conf("zeta"), under=etc / "apps")
    assert value(config, "elsewhere") == "beta"
    config.reload()
    assert value(config, "elsewhere") == "zeta"


def test_a_setting_may_be_exported_alone(make_app: MakeApp) -> None:
    props = "[x]\nEVAL-w = 1\nEVAL-v = 2\n[source::/y]\nEVAL-w = 1\nEVAL-v = 2\n"
    meta = "[props]\nexport = none\n[props/x/EVAL-w]\nexport = system\n[props/source%3A%3A%2Fy]\nexport = system\n[props/source%3A%3A%2Fy/EVAL-w]\nexport = none\n"
    app = make_app("a", {"default/props.conf": props, "metadata/default.meta": meta}, export=False)
    configuration = Configuration([app, make_app("other")])
    seen = {name: stanza.values() for name, stanza in configuration.stanzas("props", "other").items()}
    assert seen == {"x": {"EVAL-w": "1"}, "source::/y": {"EVAL-v": "2"}}
    assert len(configuration.stanzas("props", "a")["x"].settings) == 2
