"""Modular inputs: kinds of inputs that an app brings as a script, which says what it takes, checks it, and streams events.

Follows "Modular inputs overview" and "Developer tools for modular inputs" of the Splunk manuals: the script is
`bin/<scheme>.py` of the app that describes `[<scheme>://<name>]` in `README/inputs.conf.spec`. It is called with
`--scheme` (XML on stdout), with `--validate-arguments`, and without arguments to run; the latter two read XML on stdin.

An input runs when it is created, changed or enabled over REST, and then at its interval while the server lives. What an
app enables by default does not start by itself: installing an app must not open connections.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from caltrop import children
from caltrop.dialect.spans import seconds_of
from caltrop.dialect.words import truth
from caltrop.engine import onpath
from caltrop.errors import CaltropError
from caltrop.knowledge.configuration import Configuration
from caltrop.splunkd.intake.headed import Plain
from caltrop.splunkd.intake.ingest import Event, Ingest
from caltrop.splunkd.intake.origin import Origin
from caltrop.splunkd.state.state import State
from caltrop.splunkd.wire.http import ApiError

SECONDS = 30  # for --scheme and --validate-arguments
ENDING_SECONDS = 2  # for an input to store what it has read, once its script is ended
CHUNK = 1 << 16
TAIL = 2_000  # characters of stderr that a failure shows
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of modular input. `settings` are those of the specification; `script` is None where the app has none."""

    name: str
    app: str
    folder: Path
    settings: tuple[str, ...]

    @property
    def script(self) -> Path | None:
        path = self.folder / "bin" / f"{self.name}.py"
        return path if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a script says of itself; the defaults are the manual's."""

    title: str
    description: str = ""
    streaming_mode: str = "simple"
    external_validation: bool = False
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def schemes(config: Configuration) -> dict[str, Scheme]:
    """The kinds that the enabled apps describe, by name."""
    found: dict[str, Scheme] = {}
    for app, folder in sorted(config.apps().items()):
        spec = folder / "README" / "inputs.conf.spec"
        if spec.is_file() and config.enabled(app):
            for name, settings in _described(spec):
                found.setdefault(name, Scheme(name, app, folder, settings))
    return dict(sorted(found.items()))


def _described(spec: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in spec.read_text(encoding="utf-8", errors="replace").splitlines():
        text = line.strip()
        if text.startswith("["):
            name, separator, _ = text[1:].partition("://")
            current = found.setdefault(name, []) if separator and name.replace("-", "_").isidentifier() else []
        elif "=" in text and not text.startswith(("#", "*")):
            current.append(text.split("=")[0].strip())
    return ((name, tuple(settings)) for name, settings in found.items())


class ModularInputs:
    """Thread-safe; owns the processes of the inputs that run."""

    def __init__(self, state: State, ingest: Ingest) -> None:
        self._state = state
        self._ingest = ingest
        self._lock = threading.Lock()
        self._facts: dict[tuple[Path, int], Facts] = {}
        self._running: dict[str, _Run] = {}

    def facts(self, scheme: Scheme) -> Facts:
        """What the script says with `--scheme`, asked once a version; from the specification where it says nothing."""
        fallback = Facts(scheme.name, arguments={name: {"title": name} for name in scheme.settings})
        if scheme.script is None or not self._state.settings.scripts:
            return fallback
        key = (scheme.script, scheme.script.stat().st_mtime_ns)
        if key not in self._facts:
            try:
                code, out, _ = self._call(scheme, ["--scheme"], b"")
                self._facts[key] = _facts(scheme, out) if code == 0 and out.strip() else fallback
            except (CaltropError, ElementTree.ParseError) as error:
                self._state.logs.error("ModularInputs", f"Introspecting scheme={scheme.name}: {error}")
                self._facts[key] = fallback
        return self._facts[key]

    def check(self, scheme: Scheme, name: str, settings: Mapping[str, str], user: str) -> None:
        """400 with the script's own words where it refuses the settings; nothing where it does not check any."""
        if scheme.script is None or not self.facts(scheme).external_validation:
            return
        with self._state.accounts.session(user) as key:
            root = self._head("items", scheme, key)
            _add_settings(ElementTree.SubElement(root, "item", name=name), settings)
            code, out, err = self._call(scheme, ["--validate-arguments"], ElementTree.tostring(root))
        if code:
            raise ApiError(400, f"Argument validation for scheme={scheme.name}: {_said(out, err)}")

    def start(self, scheme: Scheme, stanza: str, settings: Mapping[str, str], user: str) -> None:
        """Run an input from now on, in place of an earlier run."""
        self.stop(stanza)
        if scheme.script is None or truth(settings.get("disabled")) or not self._state.settings.scripts:
            return

        def stdin(session_key: str) -> bytes:
            root = self._head("input", scheme, session_key)
            configuration = ElementTree.SubElement(root, "configuration")
            _add_settings(ElementTree.SubElement(configuration, "stanza", name=stanza, app=scheme.app), settings)
            return ElementTree.tostring(root)

        mode = self.facts(scheme).streaming_mode
        run = _Run(self._state, self._ingest, scheme, stanza, settings, mode, user, stdin)
        with self._lock:
            self._running[stanza] = run
        run.start()

    def stop(self, stanza: str) -> None:
        with self._lock:
            run = self._running.pop(stanza, None)
        if run is not None:
            run.stop()

    def stop_app(self, app: str) -> None:
        """End the inputs of an app that goes."""
        with self._lock:
            stanzas = [stanza for stanza, run in self._running.items() if run.scheme.app == app]
        for stanza in stanzas:
            self.stop(stanza)

    def close(self) -> None:
        """End all of them; together they have the time that one has."""
        with self._lock:
            runs, self._running = list(self._running.values()), {}
        for run in runs:
            run.end()
        until = time.monotonic() + ENDING_SECONDS
        for run in runs:
            run.join(max(until - time.monotonic(), 0))

    def _head(self, tag: str, scheme: Scheme, session_key: str) -> ElementTree.Element:
        checkpoints = self._state.data_dir / "var" / "modinputs" / scheme.name
        checkpoints.mkdir(parents=True, exist_ok=True)
        state = self._state
        facts = {"server_host": "caltrop", "server_uri": state.url, "session_key": session_key,
                 "checkpoint_dir": str(checkpoints)}  # fmt: skip
        root = ElementTree.Element(tag)
        for name, value in facts.items():
            ElementTree.SubElement(root, name).text = value
        return root

    def _call(self, scheme: Scheme, arguments: list[str], stdin: bytes) -> tuple[int, bytes, str]:
        assert scheme.script is not None
        done = children.run(
            [sys.executable, str(scheme.script), *arguments], stdin, seconds=SECONDS, cwd=scheme.script.parent,
            environment=environment(self._state, scheme),
        )  # fmt: skip
        if done.late:
            raise CaltropError(f"the script of {scheme.name!r} did not answer within {SECONDS} s")
        return done.code, done.out, done.said


class _Run(threading.Thread):
    """One input: its process, started again at its interval, and where its events go.

    `stdin` is what the script reads, with the key of a session that ends with the process.
    """

    def __init__(
        self,
        state: State,
        ingest: Ingest,
        scheme: Scheme,
        stanza: str,
        settings: Mapping[str, str],
        mode: str,
        user: str,
        stdin: Callable[[str], bytes],
    ) -> None:
        super().__init__(name=stanza, daemon=True)
        self._state, self._ingest = state, ingest
        self.scheme, self._mode, self._user, self._stdin = scheme, mode, user, stdin
        self._interval = seconds_of(settings.get("interval", ""), 0)
        given = {key: settings.get(key) for key in ("index", "host", "source", "sourcetype")}
        if given["index"] == "default":
            given["index"] = None
        self._origin = Origin(source=stanza, sourcetype=scheme.name).with_overrides(given)
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._streams: dict[Origin, Plain] = {}

    def end(self) -> None:
        self._ended.set()
        process = self._process
        if process is not None:
            children.kill(process)

    def stop(self) -> None:
        self.end()
        self.join(ENDING_SECONDS)

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._once()
            except (CaltropError, ElementTree.ParseError, OSError) as error:
                self._state.logs.error("ExecProcessor", f"input {self.name}: {error}")
            except Exception:
                log.exception("input %s failed", self.name)
            if not self._interval or self._ended.wait(self._interval):
                return

    def _once(self) -> None:
        assert self.scheme.script is not None
        with self._state.accounts.session(self._user) as key:
            process = self._process = children.start(
                [sys.executable, str(self.scheme.script)], cwd=self.scheme.script.parent,
                environment=environment(self._state, self.scheme),
            )  # fmt: skip
            if self._ended.is_set():
                children.kill(process)
            assert process.stdin is not None and process.stdout is not None
            try:
                with contextlib.suppress(BrokenPipeError):  # it may not care what it is told
                    process.stdin.write(self._stdin(key))
                    process.stdin.close()
                self._read(process.stdout)
            finally:
                for stream in self._streams.values():
                    stream.close()
                self._streams.clear()
                children.end(process)

    def _read(self, stdout: Any) -> None:
        if self._mode == "xml":
            for element in _elements(stdout):
                self._event(element)
        else:
            while data := stdout.read1(CHUNK):
                self._stream(self._origin).feed(data)

    def _event(self, element: ElementTree.Element) -> None:
        text = {child.tag: (child.text or "").strip() for child in element if child.tag != "data"}
        origin = self._origin.with_overrides({k: text.get(k) for k in ("index", "host", "source", "sourcetype")})
        data = element.findtext("data") or ""
        if truth(element.get("unbroken")):  # a piece: events are found in the pieces together
            self._stream(origin).feed(data.encode())
            if element.find("done") is not None:
                self._streams.pop(origin).close()
        elif data.strip():
            time = float(text["time"]) if text.get("time") else None
            self._ingest.events([Event(data, origin, time)])

    def _stream(self, origin: Origin) -> Plain:
        if origin not in self._streams:
            self._streams[origin] = self._ingest.stream(origin)
        return self._streams[origin]


def _elements(stdout: Any) -> Iterator[ElementTree.Element]:
    """The `<event>`s of a `<stream>` as they come; each is forgotten before the next."""
    parser: Any = ElementTree.XMLPullParser(["start", "end"])
    root: ElementTree.Element | None = None
    while data := stdout.read1(CHUNK):
        parser.feed(data)
        for what, element in parser.read_events():
            root = element if root is None else root
            if what == "end" and element.tag == "event":
                yield element
                root.clear()


def environment(state: State, scheme: Scheme) -> dict[str, str]:
    return {
        **onpath.environment(scheme.folder / "bin" / scheme.name, scheme.folder / "lib"),
        "SPLUNK_HOME": str(state.data_dir),
    }


def _add_settings(parent: ElementTree.Element, settings: Mapping[str, str]) -> None:
    for key, value in settings.items():
        ElementTree.SubElement(parent, "param", name=key).text = value


def _facts(scheme: Scheme, xml: bytes) -> Facts:
    root = ElementTree.fromstring(xml)
    arguments = {}
    for argument in root.findall("./endpoint/args/arg"):
        told = {child.tag: (child.text or "").strip() for child in argument}
        arguments[argument.get("name", "")] = {"title": argument.get("name", ""), **told}
    return Facts(
        (root.findtext("title") or scheme.name).strip(),
        (root.findtext("description") or "").strip(),
        (root.findtext("streaming_mode") or "simple").strip(),
        truth(root.findtext("use_external_validation") or "false"),
        arguments,
    )


def _said(out: bytes, err: str) -> str:
    """The message that a script refuses with: `<error><message>` on stdout, else the end of stderr."""
    try:
        message = ElementTree.fromstring(out).findtext("message")
    except ElementTree.ParseError:
        message = None
    return message or err[-TAIL:] or "the script gave no reason"
