"""Build the wheel, install it into a fresh environment in an empty folder, and use it from there: a search, a build, a proof.

python -m tools.try_wheel

About a minute. Exit code 0 when all of it worked; else the failing command's output is printed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ("app.yml", "detections", "macros", "stories", "deployments", "data_sources", "tests/data")
SECONDS = 300  # for one step; installing waits for the network
EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><TimeCreated SystemTime='2026-03-01T10:00:00Z'/>"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>pc7</Computer></System>"
    r"<EventData><Data Name='Image'>C:\x\cmd.exe</Data></EventData></Event>"
)


class Failed(Exception):
    """A step that did not do what it should."""


def run(*words: object, cwd: Path, holds: str = "") -> str:
    """Run a command; its output. Raises `Failed` when it fails, takes too long, or does not print what it should."""
    text = list(map(str, words))
    try:
        done = subprocess.run(text, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(text)}: not done after {SECONDS} s") from error
    if done.returncode != 0 or holds not in done.stdout:
        wanted = f", expected {holds!r} in its output" if holds else ""
        raise Failed(f"{' '.join(text)}: exit code {done.returncode}{wanted}\n{done.stdout}{done.stderr}")
    return done.stdout


def copy_content(target: Path) -> None:
    """The repository's own content without `app/`: the command that enriches comes out of the wheel."""
    for name in CONTENT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name)
        else:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)


def attempt(folder: Path) -> None:
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # setuptools keeps modules there that are gone from the source
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder / "wheel", ROOT, cwd=folder)
    (wheel,) = (folder / "wheel").glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    run(folder / "venv" / "bin" / "pip", "install", "--quiet", wheel, cwd=folder)
    caltrop = folder / "venv" / "bin" / "caltrop"
    empty = folder / "empty"
    empty.mkdir()
    (empty / "sysmon.xml").write_text(EVENT + "\n")
    labelled = "search index=* | table process_name"  # the field is an add-on's
    run(caltrop, "search", "--data", "sysmon.xml", labelled, cwd=empty, holds="cmd.exe")
    run(caltrop, "btool", "eventtypes", "windows_process", cwd=empty, holds="[windows_process]")
    content = folder / "content"
    copy_content(content)
    run(caltrop, "build", cwd=content, holds=".tar.gz")
    xml = "remote_process_instantiation_via_wmi_and_powershell_script_block_xml"
    run(caltrop, "test", xml, "--report", "reports", cwd=content, holds="proved: ")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="caltrop-wheel-") as folder:
        try:
            attempt(Path(folder))
        except Failed as failure:
            sys.stderr.write(f"{failure}\n")
            return 1
    sys.stdout.write("ok: the wheel searches, builds and proves from a fresh environment\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
