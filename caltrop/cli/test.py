"""`caltrop test`: build the package, install it into a target, prove every detection."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.cli.options import Login, addon_options, attack_data_option, credential_options, hec_options, packages
from caltrop.cli.progress import bar, waiting
from caltrop.errors import CaltropError, FindingsError

if TYPE_CHECKING:
    from caltrop.content import Catalogue, Detection
    from caltrop.replay.verdict import DetectionResult, Report
    from caltrop.testing.bench import Bench, Setting, Task
    from caltrop.testing.choice import Choice
    from caltrop.workers import Ahead

SEVERAL = 4  # detections from which a second server is started in less time than it saves


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    names: tuple[str, ...]
    content: Path
    target: str | None
    hec_url: str | None
    hec_token: str | None
    login: Login
    apps: tuple[Path, ...]
    addons: bool
    installed: bool
    package_path: str | None
    without_risk: bool
    shift: str | None
    index: str
    report: Path | None
    attack_data: tuple[Path, ...]
    changed: str | None
    shard: str | None
    jobs: int | None
    fail_fast: bool
    keep: bool
    watch: bool
    merge: tuple[Path, ...]


@click.command(short_help="Prove detections on replayed data.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--content", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Content repository.")
@click.option("--target", metavar="URL", help="Management URL of a Splunk; without it an embedded one is started.")
@hec_options
@credential_options
@addon_options
@click.option("--installed", is_flag=True, help="The target has the app already: build and install nothing.")
@click.option("--package-path", metavar="PATH", help="The folder in which the target itself finds dist/.")
@click.option(
    "--without-risk", is_flag=True, help="The target has no risk and notable actions (no Enterprise Security)."
)
@click.option("--shift", type=click.Choice(["now"]), help="Move the data to now and let the schedule find it.")
@click.option("--index", default="caltrop_test", show_default=True, help="Index that receives the data.")
@click.option(
    "--report", type=click.Path(file_okay=False, path_type=Path), help="Write HTML, JUnit XML, JSON and a layer here."
)
@attack_data_option
@click.option(
    "--changed", is_flag=False, flag_value="HEAD", metavar="[REF]",
    help="Only what differs from a commit of git (HEAD), and what uses it: a macro or lookup touches its users.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), help="Servers side by side; one a processor where that pays.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first detection that does not pass.")
@click.option("--shard", metavar="K/N", help="Only part K of N, for CI on several machines; see --merge.")
@click.option(
    "--merge", multiple=True, type=click.Path(exists=True, path_type=Path), metavar="REPORT",
    help="Run nothing: make one report of those that shards wrote; may be repeated.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="On a failure, stop, leave server and data as they are, and say where.")
@click.option("--watch", is_flag=True, help="Stay, and prove again what a saved file touches. Ctrl-C ends it.")
def command(**given: object) -> int:
    """Build the package, install it, replay each test's data, dispatch the saved searches and judge them.

    NAME is a detection's name, id or file, or a folder of them; without one, all are proved. On the embedded server only what
    the chosen detections need is built; without a name, and on a --target, the whole package. Exit code 1 when anything failed
    or nothing was proved.

    \b
    caltrop test detections/endpoint/x.yml --watch
    caltrop test --changed=origin/main --fail-fast
    caltrop test --shard 1/4 --report part1
    caltrop test --merge part1 --merge part2 --report reports
    """
    options = Options(**given)  # type: ignore[arg-type]
    _refuse_contradictions(options)
    if options.merge:
        return _merge(options)
    from caltrop.testing.choice import choose, read_part

    part = None if options.shard is None else read_part(options.shard)
    choice = choose(options.content, options.names, options.changed, part)
    if not choice.detections and options.changed is not None:
        click.echo(f"nothing that differs from {options.changed} touches a detection: there is nothing to prove")
        return 0
    if not choice.detections:
        click.echo(f"part {options.shard} of {choice.of} detections is empty: there is nothing to prove")
        return 0
    with ExitStack() as stack:
        return _against_target(options, choice) if options.target else _on_embedded(options, choice, stack)


def _refuse_contradictions(options: Options) -> None:
    if options.target and (options.apps or not options.addons):
        raise CaltropError(
            "--app and --no-addons are for the embedded server: a target has its own apps",
            hint="install the add-on there (caltrop install)",
        )
    if options.target and (options.watch or (options.jobs or 1) > 1):
        raise CaltropError(
            "--watch and --jobs are for the embedded server: on a target tests would see one another's data",
            hint="split the run over targets with --shard",
        )
    if options.keep and (options.jobs or 1) > 1:
        raise CaltropError("--keep leaves one server up, and --jobs starts several", hint="leave out --jobs")
    if options.watch and (options.shard or options.changed or options.keep or (options.jobs or 1) > 1):
        raise CaltropError(
            "--watch follows saved files on one server", hint="leave out --changed, --shard, --jobs and --keep"
        )


# -- content


def _catalogue(options: Options, choice: Choice, *, whole: bool) -> Catalogue:
    """What the package is built of. FindingsError, behind every error, where content has some."""
    from caltrop.content import load
    from caltrop.content.cache import home

    with waiting("reading the content"):
        if whole:
            catalogue = load(options.content, cache=home(options.content))
        else:
            catalogue = load(options.content, only=choice.files)
    if catalogue.blocking:
        for problem in catalogue.errors:
            click.echo(str(problem), err=True)
        raise FindingsError(
            f"nothing was built: the content has errors ({len(catalogue.errors)})", hint="fix them, then test again"
        )
    return catalogue


def _chosen(catalogue: Catalogue, choice: Choice) -> list[Detection]:
    files = choice.names
    return [detection for detection in catalogue.detections if detection.file in files]


def _build(catalogue: Catalogue, options: Options, choice: Choice, stack: ExitStack) -> Path:
    """The package: in dist/ where it is the whole one, else in a folder that is gone afterwards."""
    from caltrop.render import build

    if choice.files is None:
        with waiting("building the package"):
            return build(catalogue, options.content / "dist").package.resolve()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="caltrop-part-"))
    return build(catalogue, folder).package.resolve()


# -- a target of one's own


def _against_target(options: Options, choice: Choice) -> int:
    from caltrop.render import build
    from caltrop.replay.clone import clones
    from caltrop.replay.prove import Proof, prove

    assert options.target is not None
    catalogue = _catalogue(options, choice, whole=True)
    package = build(catalogue, options.content / "dist").package
    target = options.login.connect(options.target, hec_url=options.hec_url, hec_token=options.hec_token)
    proof = Proof(
        target=target,
        root=options.content,
        app=catalogue.config.id,
        search_name=lambda d: str(catalogue.config.rule_name(d.name)),
        cache=options.content / ".cache" / "datasets",
        index=options.index,
        shift=options.shift is not None,
        risk=not options.without_risk,
        keep=options.keep,
        clones=clones(catalogue.config.data_cache, options.content, options.attack_data),
    )
    detections = _chosen(catalogue, choice)
    with _followed(len(detections)) as tell:
        report = prove(
            proof,
            detections,
            Path(options.package_path) / package.name if options.package_path else package.resolve(),
            install=not options.installed,
            progress=tell,
            fail_fast=options.fail_fast or options.keep,
        )
    if options.keep and not report.passed:
        click.echo(f'kept: index=* host="{proof.host}" on {target.url}; delete it when you are done', err=True)
    return _finish(report, options)


@contextmanager
def _followed(detections: int) -> Iterator[Callable[[DetectionResult], None]]:
    """Tells each verdict as it comes, and how far the run is."""
    with bar("proving", detections) as shown:

        def tell(result: DetectionResult) -> None:
            click.echo(f"{result.verdict}: {result.name}", err=True)
            shown.advance()

        yield tell


# -- the embedded server


def _on_embedded(options: Options, choice: Choice, stack: ExitStack) -> int:
    from caltrop.workers import ahead

    began = time.monotonic()
    jobs, bench = _jobs(options, len(choice.detections)), None
    # While the content is read and built, the servers' processes load what they are made of.
    idle = stack.enter_context(ahead("caltrop.testing.bench", jobs)) if jobs > 1 else []
    catalogue = _catalogue(options, choice, whole=choice.files is None)
    detections = _chosen(catalogue, choice)
    setting = _setting(options, catalogue, _build(catalogue, options, choice, stack))
    if jobs > 1:
        report = _side_by_side(options, setting, catalogue, detections, jobs, idle)
    else:
        from caltrop.testing.bench import Bench

        with waiting("starting the server"):
            bench = Bench(setting, stack)
        tasks = _tasks(catalogue, detections)
        with _followed(len(tasks)) as tell:
            report = bench.prove(tasks, progress=tell, fail_fast=options.fail_fast or options.keep)
    report.scope, report.seconds = choice.scope, time.monotonic() - began
    code = _finish(report, options)
    if bench is not None and options.watch:
        _watch(options, choice, bench)
    elif bench is not None and options.keep and code:
        _stay(bench, report)
    return code


def _setting(options: Options, catalogue: Catalogue, package: Path) -> Setting:
    from caltrop.testing.bench import Setting

    return Setting(
        root=str(options.content),
        package=str(package),
        app=catalogue.config.id,
        apps=tuple(str(path.resolve()) for path in packages(options.apps, options.content)),
        ours=options.addons,
        index=options.index,
        shift=options.shift is not None,
        risk=not options.without_risk,
        keep=options.keep,
        attack_data=tuple(str(folder) for folder in options.attack_data),
        data_cache=catalogue.config.data_cache,
    )


def _jobs(options: Options, detections: int) -> int:
    if options.keep or options.watch:
        return 1
    wanted = options.jobs or (os.cpu_count() or 1 if detections >= SEVERAL else 1)
    return min(wanted, detections)


def _tasks(catalogue: Catalogue, detections: Sequence[Detection]) -> list[Task]:
    from caltrop.testing.bench import Task

    return [Task(detection=d, search=str(catalogue.config.rule_name(d.name))) for d in detections]


def _side_by_side(
    options: Options, setting: Setting, catalogue: Catalogue, detections: Sequence[Detection], jobs: int, idle: Ahead
) -> Report:
    from caltrop.testing.bench import together

    tasks = _tasks(catalogue, detections)
    with _followed(len(tasks)) as tell:
        return together(setting, tasks, jobs, progress=tell, fail_fast=options.fail_fast, idle=idle)


# -- on and on


def _watch(options: Options, choice: Choice, bench: Bench) -> None:
    """Server and data stay; what a saved file touches is built, installed and proved again."""
    from caltrop.content.choosing import Repository
    from caltrop.testing.choice import choose
    from caltrop.testing.watch import Watch

    root = options.content

    def looked_at() -> list[Path]:
        files = choice.files if choice.files is not None else Repository.look(root).files
        return [*(root / file for file in files), root / "app", root / "tests", root / "app.yml"]

    watch = Watch(root, looked_at)
    click.echo("watching; Ctrl-C ends it", err=True)
    try:
        for saved in watch.saves():
            began = time.monotonic()
            try:
                choice = choose(root, options.names)
                touched = Repository.look(root).touched(saved)
                files = choice.names if touched is None else choice.names & {item.file for item in touched}
                if not files:
                    continue
                with ExitStack() as once:
                    catalogue = _catalogue(options, choice, whole=choice.files is None)
                    bench.install(_build(catalogue, options, choice, once))
                    again = [d for d in _chosen(catalogue, choice) if d.file in files]
                    report = bench.prove(_tasks(catalogue, again), progress=lambda _: None, reinstall=False)
                _tell_again(report, saved, time.monotonic() - began)
            except CaltropError as error:
                click.echo(str(error), err=True)
                if error.hint:
                    click.echo(f"  hint: {error.hint}", err=True)
    except KeyboardInterrupt:
        click.echo("", err=True)


def _tell_again(report: Report, saved: Sequence[str], seconds: float) -> None:
    from rich.console import Console

    from caltrop.replay.console import explain

    console = Console(highlight=False, soft_wrap=False)
    click.echo(f"saved: {', '.join(saved)}", err=True)
    for detection in report.detections:
        checks = [check for test in detection.tests for check in test.checks]
        held, hits = sum(check.passed for check in checks), sum(test.hits for test in detection.tests)
        click.echo(f"{detection.verdict}: {detection.name}: {hits} hits, {held}/{len(checks)} checks, {seconds:.2f} s")
        explain(detection, console)


def _stay(bench: Bench, report: Report) -> None:
    """Say where a person finds what failed, and wait for Ctrl-C."""
    server, proof = bench.server, bench.proof
    failed = next((d for d in report.detections if d.status in ("failed", "error")), None)
    click.echo(
        f"kept: {server.url} (HEC {server.hec_url}), user {server.username}, password {server.password}", err=True
    )
    click.echo(f'  data: index=* host="{proof.host}"', err=True)
    if failed is not None:
        click.echo(f"  search: {bench.search_of(failed.file)!r} in app {proof.app!r}", err=True)
    click.echo("  Ctrl-C ends it", err=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("", err=True)


# -- reports


def _merge(options: Options) -> int:
    from caltrop.replay.stored import merged, read

    return _finish(merged([read(path) for path in options.merge]), options)


def _finish(report: Report, options: Options) -> int:
    """Print it, write it where it was asked for; the exit code."""
    from rich.console import Console

    from caltrop.replay.console import print_report

    print_report(report, Console(highlight=False, soft_wrap=False))
    if options.report is not None:
        _write(report, options.report)
    return 0 if report.passed else 1


def _write(report: Report, folder: Path) -> None:
    import json

    from caltrop.replay.html import html
    from caltrop.replay.junit import junit
    from caltrop.replay.layer import layer
    from caltrop.replay.stored import NAME, to_json

    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "report.html": html(report).encode(),
        "junit.xml": junit(report),
        "navigator.json": json.dumps(layer(report), indent=2).encode() + b"\n",
        NAME: to_json(report),
    }
    for name, body in files.items():
        (folder / name).write_bytes(body)
        click.echo(f"wrote {folder / name}", err=True)
