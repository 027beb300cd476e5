"""The report on a terminal: a table, what failed and why, a summary. Data from logs is never read as markup."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from caltrop.replay.verdict import DetectionResult, Report, Status

STYLES: dict[Status, str] = {"passed": "green", "failed": "bold red", "error": "bold yellow", "skipped": "dim"}
_ANY_WIDTH = 10_000  # columns of what is no terminal: a pipe, a file, the log of a CI run


def print_report(report: Report, console: Console) -> None:
    """Tables fold to the width of the terminal, and are as wide as they are where there is none; sentences never fold, so that
    `file:line` stays whole."""
    table = Table(box=None, pad_edge=False)
    for title in ("detection", "test"):
        table.add_column(title, overflow="fold")
    for title in ("events", "hits", "checks", "ms"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    for detection in report.detections:
        for test in detection.tests:
            held = sum(c.passed for c in test.checks)
            table.add_row(
                Text(detection.name),
                Text(test.name),
                f"{test.events:,}",
                f"{test.hits:,}",
                f"{held}/{len(test.checks)}",
                f"{test.milliseconds:.0f}",
                Text(test.verdict, style=STYLES[test.status]),
            )
        if not detection.tests:
            table.add_row(Text(detection.name), "-", "", "", "", "", Text("skipped", style=STYLES["skipped"]))
    (console if console.is_terminal else Console(file=console.file, width=_ANY_WIDTH, highlight=False)).print(table)
    for detection in report.detections:
        explain(detection, console)
    for check in report.checks:
        style = STYLES["passed" if check.passed else "failed"]
        console.print(
            Text.assemble(("ok " if check.passed else "FAILED ", style), f"{check.name}: {check.seen}"), soft_wrap=True
        )
    _ran_with(report, console)
    _summary(report, console)


def _ran_with(report: Report, console: Console) -> None:
    """The add-ons of others by name; of Caltrop's own those that stepped aside, and how many there are."""
    others = [str(addon) for addon in report.addons if not addon.ours]
    ours = [addon for addon in report.addons if addon.ours]
    aside = [str(addon) for addon in ours if addon.aside]
    told = ", ".join([*others, *aside, *([f"{len(ours)} of Caltrop's own"] if ours else [])])
    console.print(Text(f"add-ons: {told or 'none'}", style="dim"), soft_wrap=True)


def _place(file: str, line: int) -> str:
    """A test of a file of its own (the schema of 2021) has no line in the detection's."""
    return f"{file}:{line}" if line else file


def explain(detection: DetectionResult, console: Console) -> None:
    """Failures first name the place to open."""
    for test in detection.tests:
        for note in test.notes:
            console.print(Text(f"note: {detection.name}: {note}", style="dim"), soft_wrap=True)
        place = _place(test.file, test.line)
        if test.error:
            console.print(Text(f"{place}: {detection.name}: {test.error}", style=STYLES["error"]), soft_wrap=True)
        elif test.skipped:
            console.print(
                Text(f"{place}: {detection.name}: skipped: {test.skipped}", style=STYLES["skipped"]), soft_wrap=True
            )
        for check in test.checks:
            if not check.passed:
                where = _place(test.file, check.line or test.line)
                console.print(
                    Text(f"{where}: {detection.name}: {check.name}: {check.seen}", style=STYLES["failed"]),
                    soft_wrap=True,
                )
        for line in test.why:
            console.print(Text(f"  {line}"), soft_wrap=True)


def _summary(report: Report, console: Console) -> None:
    counts = ", ".join(f"{report.count(status)} {status}" for status in STYLES if report.count(status))
    if report.stand_ins:
        counts += f" ({report.stand_ins} on stand-in data)"
    if report.scope:
        console.print(Text(report.scope, style="dim"), soft_wrap=True)
    if report.not_run:
        console.print(Text(f"stopped at a failure: {report.not_run} detections were not run"), soft_wrap=True)
    verdict = ("proved", "bold green") if report.passed else ("NOT proved", "bold red")
    console.print(
        Text.assemble(
            verdict,
            f": {report.package} on {report.target} (version {report.version}): ",
            counts or "no detection was tested",
            f" in {report.seconds:.1f} s",
        ),
        soft_wrap=True,
    )
