"""What the first `caltrop search` over a file costs, as a whole process: processor seconds and peak memory as a ratio to the raw
text, a kind of log and a search each; JSON lines beside DuckDB, which reads the same file and counts the same, in the same run.

    python benchmarks/firstsearch.py [--mb 59] [--kinds cloudtrail,nxlog,xml,syslog,csv] [--searches stats,keyword,head,table]

All data is made here, from a fixed seed. Ratios of processor time hold on a busy machine too; `start` is a search over one event,
which is what the process costs before any data.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SEED = 7
USERS = tuple(f"user{n}" for n in range(300))
NAMES = ("AssumeRole", "GetObject", "PutObject", "DescribeInstances", "ConsoleLogin", "CreateUser", "ListBuckets")
HEXES = "0123456789abcdef"


def _stamp(n: int) -> str:
    return f"2024-03-{1 + n // 86400 % 28:02}T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}"


def _token(rng: random.Random, size: int) -> str:
    return "".join(rng.choices(HEXES, k=size))


def cloudtrail(rng: random.Random, n: int) -> str:
    """A record of AWS CloudTrail: nested, with lists, and with parameters that differ by what was called."""
    name = rng.choice(NAMES)
    user = rng.choice(USERS)
    parameters: dict[str, object] = {f"{name[:1].lower()}{name[1:]}Id": _token(rng, 12)}
    if name in ("GetObject", "PutObject"):
        parameters = {
            "bucketName": f"bucket-{n % 40}", "key": f"logs/{_token(rng, 20)}.gz", "Host": f"bucket-{n % 40}.s3.amazonaws.com",
            "x-amz-server-side-encryption": "aws:kms",
        }  # fmt: skip
    elif name == "DescribeInstances":
        parameters = {"instancesSet": {"items": [{"instanceId": f"i-{_token(rng, 17)}"} for _ in range(n % 4)]}}
    return json.dumps(
        {
            "eventVersion": "1.08",
            "userIdentity": {
                "type": "AssumedRole", "principalId": f"AROA{_token(rng, 16).upper()}:{user}",
                "arn": f"arn:aws:sts::123456789012:assumed-role/admin/{user}", "accountId": "123456789012",
                "accessKeyId": f"ASIA{_token(rng, 16).upper()}",
                "sessionContext": {
                    "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::123456789012:role/admin", "userName": "admin"},
                    "attributes": {"creationDate": _stamp(n) + "Z", "mfaAuthenticated": "false"},
                },
            },
            "eventTime": _stamp(n) + "Z", "eventSource": "s3.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "sourceIPAddress": f"10.{n % 7}.{n % 250}.{n % 99}", "userAgent": "[aws-cli/2.9 Python/3.11 Linux/5.10]",
            "requestParameters": parameters, "responseElements": None,
            "additionalEventData": {"bytesTransferredIn": n % 5000, "ratio": n / 7, "x-amz-id-2": _token(rng, 60)},
            "requestID": _token(rng, 16), "eventID": _token(rng, 32), "readOnly": n % 2 == 0,
            "resources": [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::bucket-{n % 40}/{_token(rng, 8)}"}],
            "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": "123456789012",
        }
    )  # fmt: skip


def nxlog(rng: random.Random, n: int) -> str:
    """A Windows event as NXLog forwards it: what the public captures of attacks look like."""
    guid = f"{{{_token(rng, 8)}-0000-0000-0000-{_token(rng, 12)}}}"
    return json.dumps(
        {
            "SourceName": "Microsoft-Windows-Sysmon", "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", "Level": "4",
            "Keywords": "0x8000000000000000", "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": f"WS{n % 20}",
            "TimeCreated": _stamp(n) + ".123Z", "@timestamp": _stamp(n) + ".123Z", "EventID": 1, "Task": "1",
            "RuleName": "-", "UtcTime": _stamp(n).replace("T", " ") + ".123", "ProcessGuid": guid, "ProcessId": str(n % 9000),
            "Image": rng.choice(("C:\\Windows\\System32\\cmd.exe", "C:\\Windows\\System32\\whoami.exe")),
            "CommandLine": f"cmd.exe /c {_token(rng, 30)}", "CurrentDirectory": "C:\\Windows\\system32\\",
            "User": f"LAB\\{rng.choice(USERS)}", "LogonId": "0x3e7", "IntegrityLevel": "System",
            "Hashes": f"SHA1={_token(rng, 40)},MD5={_token(rng, 32)}", "ParentProcessGuid": guid, "ParentProcessId": "404",
            "ParentImage": "C:\\Windows\\explorer.exe", "ParentCommandLine": "C:\\Windows\\Explorer.EXE", "EventType": "INFO",
            "RecordNumber": n, "ThreadID": 4, "Version": 5,
        }
    )  # fmt: skip


def xml(rng: random.Random, n: int) -> str:
    """A process creation of Sysmon as Splunk's universal forwarder renders it."""
    data = {
        "RuleName": "-", "UtcTime": _stamp(n).replace("T", " ") + ".123", "ProcessId": n % 9000,
        "Image": rng.choice(("C:\\Windows\\System32\\cmd.exe", "C:\\Windows\\System32\\whoami.exe")),
        "CommandLine": f"cmd.exe /c {_token(rng, 30)}", "User": f"LAB\\{rng.choice(USERS)}", "LogonId": "0x3e7",
        "Hashes": f"SHA1={_token(rng, 40)},MD5={_token(rng, 32)}", "ParentImage": "C:\\Windows\\explorer.exe",
    }  # fmt: skip
    inner = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in data.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon' "
        "Guid='{5770385f-c22a-43e0-bf4c-06f5698ffbd9}'/><EventID>1</EventID><Version>5</Version><Level>4</Level><Task>1</Task>"
        f"<Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='{_stamp(n)}.123456700Z'/>"
        f"<EventRecordID>{n}</EventRecordID><Execution ProcessID='2104' ThreadID='3540'/><Channel>Microsoft-Windows-Sysmon/"
        f"Operational</Channel><Computer>WS{n % 20}.lab.local</Computer></System><EventData>{inner}</EventData></Event>"
    )


def syslog(rng: random.Random, n: int) -> str:
    """What sshd and sudo write, with and without key=value pairs."""
    stamp = f"Mar {1 + n // 86400 % 28:>2} {n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}"
    user = rng.choice(USERS)
    if n % 3:
        return f"{stamp} web{n % 12} sshd[{n % 30000}]: Accepted password for {user} from 10.0.{n % 250}.{n % 99} port {n % 60000} ssh2"
    return f"{stamp} web{n % 12} sudo: {user} : TTY=pts/{n % 9} ; PWD=/home/{user} ; USER=root ; COMMAND=/usr/bin/apt {_token(rng, 12)}"


def table(rng: random.Random, n: int) -> str:
    """A row of a firewall's CSV."""
    return (
        f"{_stamp(n)},{rng.choice(USERS)},10.0.{n % 250}.{n % 99},192.168.{n % 9}.{n % 200},"
        f"{'allow' if n % 3 else 'deny'},{n % 70000},{_token(rng, 24)},tcp,443"
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of log: how a line is made, the file's ending, the field that is counted by, and a word of some events."""

    line: Callable[[random.Random, int], str]
    ending: str
    by: str
    word: str
    head: str = ""


KINDS = {
    "cloudtrail": Kind(cloudtrail, "jsonl", "eventName", "ConsoleLogin"),
    "nxlog": Kind(nxlog, "jsonl", "Image", "whoami"),
    "xml": Kind(xml, "xml", "Image", "whoami"),
    "syslog": Kind(syslog, "log", "USER", "sudo"),
    "csv": Kind(table, "csv", "action", "user7", "time,user,src,dest,action,bytes,session,transport,dest_port\n"),
}
SEARCHES = {
    "stats": "* | stats count by {by}",
    "keyword": "{word} | stats count",
    "head": "* | head 10",
    "table": "* | table *",
}


def write(path: Path, kind: Kind, size: int) -> int:
    """Lines until there are so many bytes; the bytes."""
    rng = random.Random(SEED)
    written = 0
    with path.open("w") as file:
        file.write(kind.head)
        n = 0
        while written < size:
            line = kind.line(rng, n) + "\n"
            file.write(line)
            written += len(line)
            n += 1
    return path.stat().st_size


def run(command: Sequence[str]) -> tuple[float, int, bytes]:
    """Processor seconds and peak memory (bytes) of a process with what it starts, and what it printed."""
    # Compiled modules are kept, as where a package is installed, whatever this environment says.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, printed


def caltrop(path: Path, search: str) -> tuple[float, int, bytes]:
    return run(
        [sys.executable, "-m", "caltrop", "search", "--data", str(path), search, "-o", "/dev/null", "--format", "jsonl"]
    )


DUCKDB = """
import duckdb, sys
print(len(duckdb.sql(f"select {sys.argv[2]}, count(*) from read_json_auto('{sys.argv[1]}', format='newline_delimited') group by 1").fetchall()))
"""


def measure(name: str, size: int, searches: Sequence[str], folder: Path, rounds: int) -> None:
    kind = KINDS[name]
    path, one = folder / f"{name}.{kind.ending}", folder / f"one.{kind.ending}"
    raw = write(path, kind, size)
    write(one, kind, 1)
    start = min(caltrop(one, SEARCHES["stats"].format(by=kind.by))[0] for _ in range(rounds))
    idle = caltrop(one, SEARCHES["stats"].format(by=kind.by))[1]
    print(f"{name}, {raw / 1e6:.0f} MB: start {start:.2f} s, {idle / 1e6:.0f} MB", flush=True)
    for search in searches:
        text = SEARCHES[search].format(by=kind.by, word=kind.word)
        runs = [caltrop(path, text) for _ in range(rounds)]
        seconds, peak = min(r[0] for r in runs), min(r[1] for r in runs)
        beside = ""
        if search == "stats" and kind.ending == "jsonl":
            other = min(run([sys.executable, "-c", DUCKDB, str(path), kind.by])[0] for _ in range(rounds))
            beside = f"   DuckDB {other:.2f} s, ratio {seconds / other:.1f}"
        print(
            f"  {text:<32} {seconds:>7.2f} s {peak / 1e6:>6.0f} MB, {(peak - idle) / raw:>5.1f} times raw{beside}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=float, default=59)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--searches", default=",".join(SEARCHES))
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caltrop-first-") as folder:
        for name in given.kinds.split(","):
            measure(name, int(given.mb * 1e6), given.searches.split(","), Path(folder), given.rounds)


if __name__ == "__main__":
    os.chdir(HERE)
    main()
