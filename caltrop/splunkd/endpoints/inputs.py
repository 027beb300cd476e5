"""Data inputs: the tree `data/inputs`, files, scripts and network ports (stanzas of inputs.conf), and `oneshot`.

Network, script and monitor inputs are configuration only: this server opens no port and watches no file for them. A
`oneshot` input reads its file at once; inputs of the modular kinds that apps bring run. HTTP Event Collector tokens are in `inputs_http.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from caltrop.splunkd.intake import modular
from caltrop.splunkd.intake.origin import Origin
from caltrop.splunkd.rest.collection import Collection, action, register
from caltrop.splunkd.rest.confobjects import ConfCollection, place_of
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import Acl, Entry, Feed, encode_name, render_feed
from caltrop.splunkd.wire.http import ApiError, Request, Response, flag

CHUNK = 1 << 20
HEAD = 1 << 16  # bytes of a file that rules for source types look at
PACKED = (".evtx", ".gz", ".tgz", ".zip", ".tar", ".bz2", ".xz")
COMMON: dict[str, Any] = {"disabled": False, "host": "caltrop", "index": "default", "source": "", "sourcetype": ""}


@dataclass(frozen=True, slots=True)
class Kind:
    """A folder or leaf of the tree. Leaves can be created in, and say so with a `create` link."""

    name: str
    leaf: bool


def kind_entry(collection: Collection, path: str, kind: Kind) -> Entry:
    links = {"create": "_new"} if kind.leaf else {}
    return Entry(kind.name, path, {}, Acl(), collection.state.now(), links=("list",), extra_links=links)


@register
class InputKinds(Collection):
    path = "data/inputs"
    title = "inputs"
    kinds: ClassVar[tuple[Kind, ...]] = (
        Kind("all", False),
        Kind("http", True),
        Kind("monitor", True),
        Kind("oneshot", True),
        Kind("script", True),
        Kind("tcp", False),
        Kind("udp", True),
    )

    def entries(self, request: Request) -> Iterable[Entry]:
        return (kind_entry(self, self.path, kind) for kind in (*self.kinds, *self.modular_kinds()))

    def modular_kinds(self) -> Iterable[Kind]:
        known = {kind.name for kind in self.kinds}
        return (Kind(name, True) for name in modular.schemes(self.state.config) if name not in known)


@register
class TcpKinds(InputKinds):
    path = "data/inputs/tcp"
    title = "tcp"
    kinds: ClassVar[tuple[Kind, ...]] = (
        Kind("cooked", True),
        Kind("raw", True),
        Kind("splunktcptoken", True),
        Kind("ssl", False),
    )

    def modular_kinds(self) -> Iterable[Kind]:
        return ()


class Inputs(ConfCollection):
    conf = "inputs"
    noun = "input"
    shared = True
    everywhere = True
    home = "search"
    defaults: ClassVar[dict[str, Any]] = COMMON

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        index = settings.get("index", "default")
        if index not in {"", "default"} and index not in self.state.store:
            raise ApiError(400, f"The index '{index}' does not exist")


@register
class MonitorInputs(Inputs):
    path = "data/inputs/monitor"
    title = "monitor"
    prefix = "monitor://"
    defaults: ClassVar[dict[str, Any]] = {
        **COMMON,
        "blacklist": "",
        "followTail": False,
        "recursive": True,
        "whitelist": "",
    }

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        self.state.require_file(name)
        super().check(request, name, settings, entry)

    @action("members", "GET")
    def members(self, request: Request, entry: Entry) -> Response:
        """The files that are watched below it: none."""
        return _none(self, request, entry, "members")


@register
class ScriptInputs(Inputs):
    path = "data/inputs/script"
    title = "script"
    prefix = "script://"
    create_needs = ("interval",)
    defaults: ClassVar[dict[str, Any]] = {**COMMON, "interval": "60", "passAuth": ""}

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        self.state.require_scripts(f"The input {name}")
        super().check(request, name, settings, entry)


def _none(inputs: Inputs, request: Request, entry: Entry, what: str) -> Response:
    """An empty list below an input: nothing listens or watches."""
    return render_feed(
        Feed(what, f"{inputs.path}/{encode_name(entry.name)}/{what}", [], updated=inputs.state.now()), request
    )


class PortInputs(Inputs):
    """Names are ports; with `restrictToHost` the stanza and the object are called `<host>:<port>`."""

    defaults: ClassVar[dict[str, Any]] = {**COMMON, "connection_host": "dns", "group": "listenerports"}

    def create(self, request: Request, name: str) -> Entry:
        if not name.isdigit() or not 0 < int(name) < 65536:
            raise ApiError(400, f"{name!r} is not a port")
        taken = [n.removeprefix(self.prefix) for n in self.state.config.stanzas(self.conf) if n.startswith(self.prefix)]
        host = request.args.get("restrictToHost")
        if name in taken or (not host and any(other.endswith(f":{name}") for other in taken)):
            raise ApiError(400, f"Port {name} is in use by another input")
        return super().create(request, f"{host}:{name}" if host else name)

    def update(self, request: Request, entry: Entry) -> Entry:
        host = request.args.maybe("restrictToHost")
        if host is not None and host != entry.content.get("restrictToHost"):
            raise ApiError(400, "restrictToHost cannot be changed")
        return super().update(request, entry)


@register
class TcpInputs(PortInputs):
    path = "data/inputs/tcp/raw"
    title = "raw"
    prefix = "tcp://"

    @action("connections", "GET")
    def connections(self, request: Request, entry: Entry) -> Response:
        """Who is connected to the port: nobody."""
        return _none(self, request, entry, "connections")


@register
class SplunkTcpInputs(PortInputs):
    path = "data/inputs/tcp/cooked"
    title = "cooked"
    prefix = "splunktcp://"

    @action("connections", "GET")
    def connections(self, request: Request, entry: Entry) -> Response:
        """Who is connected to the port: nobody."""
        return _none(self, request, entry, "connections")


@register
class UdpInputs(PortInputs):
    path = "data/inputs/udp"
    title = "udp"
    prefix = "udp://"


@register
class SplunkTcpTokens(Inputs):
    path = "data/inputs/tcp/splunktcptoken"
    title = "splunktcptoken"
    noun = "token"
    prefix = "splunktcptoken://"


@register
class SslSettings(Collection):
    path = "data/inputs/tcp/ssl"
    title = "ssl"

    def entries(self, request: Request) -> Iterable[Entry]:
        """One, which answers to its name in any case."""
        stanza = self.state.config.stanza("inputs", "SSL")
        yield Entry("SSL", self.path, dict(stanza.values()) if stanza else {}, Acl(), self.state.now())

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        return list(self.entries(request)) if "ssl" in [name.lower() for name in names] else []


@register
class OneshotInputs(Collection):
    """`name` is a file on the server's disk that is indexed at once."""

    path = "data/inputs/oneshot"
    title = "oneshotinput"
    required = ("name",)
    optional = ("host", "index", "rename-source", "sourcetype")

    def entries(self, request: Request) -> Iterable[Entry]:
        return ()

    def create(self, request: Request, name: str) -> Entry | Response:
        args, path = request.args, Path(name)
        self.state.require_file(name)
        if not path.is_absolute() or not path.is_file():
            raise ApiError(400, f"Cannot read the file {name}")
        index = args.get("index", "default")
        origin = Origin().with_overrides(
            {
                "index": None if index == "default" else index,
                "host": args.get("host"),
                "source": args.get("rename-source") or str(path),
                "sourcetype": args.get("sourcetype"),
            }
        )
        if origin.index not in self.state.store:
            raise ApiError(400, f"The index '{origin.index}' does not exist")
        size = self._packed(path, origin) if path.suffix.lower() in PACKED else self._plain(path, origin)
        self.state.logs.info("ArchiveProcessor", f"indexed {size} events of {path}")
        content = {"Bytes Indexed": path.stat().st_size, "Offset": path.stat().st_size, "Size": path.stat().st_size}
        return Entry(name, self.path, content, Acl(), self.state.now())

    def _plain(self, path: Path, origin: Origin) -> int:
        size = 0
        with path.open("rb") as file:
            if not origin.sourcetype:
                origin = self.intake.ingest.file(path.name, file.read(HEAD), origin)
                file.seek(0)
            stream = self.intake.ingest.stream(origin)
            while data := file.read(CHUNK):
                size += stream.feed(data)
        return size + stream.close()

    def _packed(self, path: Path, origin: Origin) -> int:
        instance = self.state.instance
        options = instance.import_options(
            index=origin.index, host=origin.host, source=origin.source, sourcetype=origin.sourcetype or None
        )
        return instance.add_file(path, options)


@register
class ModularInputs(Collection):
    """Kinds of modular inputs: the `scheme://` stanzas that apps describe in `README/inputs.conf.spec`."""

    path = "data/modular-inputs"
    title = "modular-inputs"

    def entries(self, request: Request) -> Iterable[Entry]:
        for scheme in modular.schemes(self.state.config).values():
            facts = self.intake.modular.facts(scheme)
            content = {
                "title": facts.title,
                "description": facts.description,
                "streaming_mode": facts.streaming_mode,
                "endpoint": {"args": {name: dict(told) for name, told in facts.arguments.items()}},
            }
            yield Entry(scheme.name, self.path, content, Acl(app=scheme.app, sharing="app"), self.state.now())


class SchemeInputs(Inputs):
    """The inputs of one modular kind; `scheme` is set by `scheme_inputs`."""

    scheme: ClassVar[modular.Scheme]
    rights = "data/inputs/<scheme>"

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        self.state.require_scripts(f"The input {name}")
        facts = self.intake.modular.facts(self.scheme)
        if entry is None:
            for argument, told in facts.arguments.items():
                if flag(told.get("required_on_create")) and argument != "name" and not settings.get(argument):
                    raise ApiError(400, f"Required argument {argument!r} is missing")
        held = {} if entry is None else self.held(entry)
        self.intake.modular.check(self.scheme, name, held | settings, request.account.name)
        super().check(request, name, settings, entry)

    def held(self, entry: Entry) -> dict[str, str]:
        app, owner = place_of(entry)
        stanza = self.state.config.stanza(self.conf, self.stanza_name(entry.name), app, owner)
        return dict(stanza.values()) if stanza else {}

    def changed(self, request: Request, name: str) -> None:
        """Run the input as it is now, or end it."""
        found = self.find(request, [name])
        if found:
            settings = self.held(found[0])
            self.intake.modular.start(self.scheme, self.stanza_name(name), settings, request.account.name)
        else:
            self.intake.modular.stop(self.stanza_name(name))


def scheme_inputs(wings: Wings, name: str, path: str = "") -> SchemeInputs | None:
    """The collection `data/inputs/<name>`, or under another path, where an app brings that kind."""
    scheme = modular.schemes(wings.state.config).get(name)
    if scheme is None:
        return None
    facts = {"path": path or f"data/inputs/{name}", "title": name, "prefix": f"{name}://", "scheme": scheme}
    cls: type[SchemeInputs] = type("SchemeInputs", (SchemeInputs,), facts)
    return cls(wings)
