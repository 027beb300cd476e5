"""install_app: what is kept, what is refused."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from caltrop.knowledge import Configuration, PackageError, install_app, unpacked

from .conftest import MakeApp


def archive(path: Path, files: dict[str, bytes], **odd: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as out:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
        for info in odd.values():
            out.addfile(info)
    return path


def test_install_and_update_keep_local(tmp_path: Path) -> None:
    apps = tmp_path / "etc" / "apps"
    first = archive(tmp_path / "1.tgz", {"app/default/x.conf": b"[s]\nk = 1\n", "app/lookups/a.csv": b"v1\n"})
    second = archive(
        tmp_path / "2.tgz", {"./app/default/x.conf": b"[s]\nk = 2\n", "app/local/x.conf": b"[s]\nj = package\n"}
    )
    assert install_app(first, apps) == "app"
    config = Configuration(tmp_path / "etc")
    config.set("x", "s", {"j": "mine"}, app="app")
    with pytest.raises(PackageError, match="installed already"):
        install_app(second, apps)
    assert install_app(second, apps, update=True) == "app"
    config.reload()
    assert config.stanzas("x", "app")["s"].values() == {"k": "2", "j": "mine"}
    assert (apps / "app/lookups/a.csv").read_text() == "v1\n"
    assert sorted(p.name for p in apps.iterdir()) == ["app"]


VERSION = {
    "default/app.conf": "[ui]\nlabel = App\n",
    "default/savedsearches.conf": "[s]\nsearch = a\n",
    "default/macros.conf": "[m]\ndefinition = a\n",
    "default/props.conf": "[st]\nEVAL-x = 1\n",
    "default/data/ui/views/v.xml": "<form/>",
    "lookups/l.csv": "k\na\n",
    "metadata/default.meta": "[]\nexport = system\n",
    "bin/c.py": "pass\n",
}
CHANGES: dict[str, dict[str, str | None]] = {
    "nothing": {},
    "a search": {"default/savedsearches.conf": "[s]\nsearch = b\n"},
    "a macro and rows": {"default/macros.conf": "[m]\ndefinition = b\n", "lookups/l.csv": "k\nb\n"},
    "a view and a script": {"default/data/ui/views/v.xml": "<dashboard/>", "bin/c.py": "1\n"},
    "fields": {"default/props.conf": "[st]\nEVAL-x = 2\n"},
    "a file that came": {"default/tags.conf": "[a=b]\nt = enabled\n"},
    "a file that went": {"default/props.conf": None},
    "what it exports": {"metadata/default.meta": "[]\nexport = none\n"},
    "whether it is there": {"default/app.conf": "[install]\nstate = disabled\n"},
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_after_an_update_everything_is_as_read_from_the_disk(tmp_path: Path, name: str) -> None:
    def packed(number: int, files: dict[str, str]) -> Path:
        return archive(tmp_path / f"{number}.tgz", {f"app/{path}": text.encode() for path, text in files.items()})

    etc = tmp_path / "etc"
    heard: list[frozenset[str]] = []
    confs = ("savedsearches", "macros", "props", "tags")
    install_app(packed(1, VERSION), etc / "apps")
    config = Configuration(etc)

    def seen(by: Configuration) -> list[object]:
        return [by.stanzas(conf, app) for conf in confs for app in (None, "app", "search")]

    before = seen(config)
    changed = {path: text for path, text in (VERSION | CHANGES[name]).items() if text is not None}
    install_app(packed(2, changed), etc / "apps", update=True, differs=heard.append)
    config.replaced(heard[0])
    assert seen(config) == seen(Configuration(etc))
    assert (seen(config) == before) == (name in ("nothing", "a view and a script"))


def test_an_update_of_searches_has_no_fields_read_again(tmp_path: Path) -> None:
    config = Configuration(tmp_path)
    fields, searches, everything = ["props", "eventtypes"], ["savedsearches"], config.generation
    before = config.revision(fields), config.revision(searches)
    config.replaced(
        {"default/savedsearches.conf", "local/macros.conf", "lookups/l.csv", "default/data/ui/nav/default.xml"}
    )
    assert config.revision(fields) == before[0] != config.revision(["lookups"])
    assert config.revision(searches) != before[1]
    assert config.generation > everything
    config.replaced({"default/data/models/m.json"})
    assert config.revision(fields) != before[0]


def test_install_a_folder(tmp_path: Path, make_app: MakeApp) -> None:
    source = make_app("mine", {"default/x.conf": "[s]\nk = 1\n"})
    assert install_app(source, tmp_path / "there") == "mine"
    assert (tmp_path / "there/mine/default/x.conf").exists()


def test_a_folder_is_not_installed_into_itself(tmp_path: Path) -> None:
    (tmp_path / "content" / "default").mkdir(parents=True)
    apps = tmp_path / "content" / "data" / "apps"
    with pytest.raises(PackageError, match="holds the one that apps are installed in"):
        install_app(tmp_path / "content", apps)
    assert list(apps.iterdir()) == []


def _link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def _device(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.CHRTYPE
    return info


UNSAFE: dict[str, tuple[dict[str, bytes], dict[str, tarfile.TarInfo]]] = {
    "parent": ({"app/../../evil": b"x"}, {}),
    "absolute": ({"/etc/evil": b"x"}, {}),
    "backslash": ({"app\\..\\evil": b"x"}, {}),
    "link": ({"app/a": b"x"}, {"link": _link("app/b", "/etc/passwd")}),
    "device": ({"app/a": b"x"}, {"device": _device("app/null")}),
    "two folders": ({"app/a": b"x", "other/a": b"x"}, {}),
    "empty": ({}, {}),
    "2,000 folders deep": ({"app/a": b"x", "app/" + "d/" * 2_000 + "x": b"x"}, {}),
    "hidden name": ({".app/a": b"x"}, {}),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_packages_are_refused(tmp_path: Path, name: str) -> None:
    files, odd = UNSAFE[name]
    package = archive(tmp_path / "bad.tgz", files, **odd)
    with pytest.raises(PackageError):
        install_app(package, tmp_path / "apps")
    assert list((tmp_path / "apps").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_no_archive(tmp_path: Path) -> None:
    (tmp_path / "x.tgz").write_bytes(b"not an archive")
    with pytest.raises(PackageError, match=r"cannot unpack: it is neither a tar nor a zip archive$"):
        install_app(tmp_path / "x.tgz", tmp_path / "apps")
    with pytest.raises(PackageError, match="no such package"):
        install_app(tmp_path / "none.tgz", tmp_path / "apps")


def test_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caltrop.knowledge.package.MAX_BYTES", 10)
    with pytest.raises(PackageError, match="larger"):
        install_app(archive(tmp_path / "x.tgz", {"app/a": b"x" * 11}), tmp_path / "apps")


def app_zip(prefix: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr(f"{prefix}acme/default/app.conf", "[launcher]\nversion = 1.0.0\n")
    return held.getvalue()


@pytest.mark.parametrize("name", ["a folder around", "a package inside", "a package of a folder around inside"])
def test_packages_as_people_pass_them_on(tmp_path: Path, name: str) -> None:
    package = tmp_path / "download.zip"
    with zipfile.ZipFile(package, "w") as packed:
        if name.startswith("a package"):
            packed.writestr("acme.spl", app_zip("download/" if "folder" in name else ""))
        else:
            packed.writestr("download/acme/default/app.conf", "")
            packed.writestr("download/readme.txt", "")
        packed.writestr("__MACOSX/._acme", b"\x00")
        packed.writestr(".DS_Store", b"\x00")
    assert install_app(package, tmp_path / "apps") == "acme"
    assert [one.name for one in (tmp_path / "apps").iterdir()] == ["acme"]


def test_a_package_in_a_package_in_a_package_is_no_app(tmp_path: Path) -> None:
    held = app_zip("")
    for _ in range(2):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w") as packed:
            packed.writestr("acme.zip", held)
        held = outer.getvalue()
    (tmp_path / "download.zip").write_bytes(held)
    with pytest.raises(PackageError), unpacked([tmp_path / "download.zip"]):
        raise AssertionError("it has no app folder")


def test_an_app_without_its_folder_is_told_how_to_pack_it(tmp_path: Path) -> None:
    package = tmp_path / "flat.zip"
    with zipfile.ZipFile(package, "w") as packed:
        packed.writestr("default/app.conf", "")
        packed.writestr("metadata/default.meta", "")
    with pytest.raises(PackageError, match="begins with default, metadata") as caught:
        install_app(package, tmp_path / "apps")
    assert "pack the folder" in (caught.value.hint or "")
