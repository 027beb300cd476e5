"""Build the wheel, install it into a fresh environment in an empty folder, and use it from there: a search, a build, a proof, a server.

python -m tools.try_wheel [PYTHON...]

About a minute for each interpreter; without one, for the one that runs this. Exit code 0 when all of it worked; else the failing
command's output is printed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import urllib.request
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
    except FileNotFoundError as error:
        raise Failed(f"{text[0]}: no such program (paths are whole: steps run in folders of their own)") from error
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


def build_wheel(folder: Path) -> Path:
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # setuptools keeps modules there that are gone from the source
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, cwd=ROOT)  # past the build.py that is there
    (wheel,) = folder.glob("*.whl")
    return wheel


def serves(caltrop: Path, folder: Path) -> None:
    """The server starts, shows its page, and ends when told to."""
    words = [str(caltrop), "serve", "--port", "0", "--hec-port", "0", "--web-port", "0", "--data-dir", "data"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            said = dict(line.split(None, 1) for line in iter(server.stdout.readline, "ready\n") if line.strip())
            with urllib.request.urlopen(said["web"].strip(), timeout=SECONDS) as page:
                if b"Caltrop" not in page.read():
                    raise Failed(f"{said['web'].strip()} shows no page of Caltrop's")
        finally:
            server.terminate()
            server.wait(SECONDS)


def attempt(python: str, wheel: Path, folder: Path) -> None:
    folder.mkdir()
    run(python, "-m", "venv", folder / "venv", cwd=folder)
    run(folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    caltrop = folder / "venv" / "bin" / "caltrop"
    empty = folder / "empty"
    empty.mkdir()
    (empty / "sysmon.xml").write_text(EVENT + "\n")
    labelled = "search index=* | table process_name"  # the field is an add-on's
    run(caltrop, "search", "--data", "sysmon.xml", labelled, cwd=empty, holds="cmd.exe")
    run(caltrop, "btool", "eventtypes", "windows_process", cwd=empty, holds="[windows_process]")
    serves(caltrop, empty)
    content = folder / "content"
    copy_content(content)
    run(caltrop, "build", cwd=content, holds=".tar.gz")
    xml = "remote_process_instantiation_via_wmi_and_powershell_script_block_xml"
    run(caltrop, "test", xml, "--report", "reports", cwd=content, holds="proved: ")
    run(caltrop, "init", "new", cwd=folder)
    run(caltrop, "test", cwd=folder / "new", holds="proved: ")


def main(pythons: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="caltrop-wheel-") as scratch:
        folder = Path(scratch)
        try:
            wheel = build_wheel(folder)
            for number, python in enumerate(pythons):
                attempt(python, wheel, folder / str(number))
                version = run(python, "-c", "import sys; print(sys.version.split()[0])", cwd=folder).strip()
                sys.stdout.write(
                    f"ok: with Python {version} the wheel searches, serves, builds and proves from a fresh environment\n"
                )
        except Failed as failure:
            sys.stderr.write(f"{failure}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [sys.executable]))
