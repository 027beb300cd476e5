"""A search command under a driver that behaves as splunkd does, chunk by chunk over pipes.

One exchange at a time: getinfo and its answer, then an execute message and its answer, each read to its last byte before the next is
sent; `whole` says whether a message is written at once or in pieces that cut headers, metadata and characters anywhere.
"""

from __future__ import annotations

import os
import queue
import random
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .chunked import Chunk, conversation, decode_chunks, encode_chunk

_HEADER = re.compile(rb"chunked 1\.0,(\d+),(\d+)\n")
WAIT = 120.0  # seconds for one answer, on a busy machine


class Driver:
    """A running command. `info` is its answer to getinfo. Leave it by `finish`, `hang_up` or the end of a `with`."""

    def __init__(
        self, python: Path | str, script: Path, args: Sequence[str] = (), *, preview: bool = False, whole: bool = True
    ) -> None:
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [str(python), str(script)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        )  # fmt: skip
        self._draw = random.Random(len(args))
        self._whole = whole
        self._answers: queue.Queue[Chunk | BaseException | None] = queue.Queue()
        self.errors = b""
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._listen, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        (getinfo,) = decode_chunks(conversation(args, []))
        self.info = self.exchange({**getinfo.metadata, "preview": preview})

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()

    def exchange(self, metadata: dict[str, Any], body: bytes = b"") -> Chunk:
        """Send a message; the answer to it. Raises RuntimeError where the command ends or answers no chunk, queue.Empty after WAIT."""
        self._write(encode_chunk(metadata, body))
        answer = self._answers.get(timeout=WAIT)
        if isinstance(answer, Chunk):
            return answer
        raise RuntimeError(f"no answer: {answer!r} {self.errors.decode(errors='replace')}")

    def execute(self, body: bytes, *, finished: bool = False) -> Chunk:
        """Rows in, rows out."""
        return self.exchange({"action": "execute", "finished": finished}, body)

    def hang_up(self) -> int:
        """Close the pipe before the search is finished; the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(WAIT)

    def rest(self) -> list[Chunk]:
        """Answers that nobody asked for."""
        return [chunk for chunk in iter(self._pending, None) if isinstance(chunk, Chunk)]

    def _pending(self) -> Chunk | BaseException | None:
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        for piece in [data] if self._whole else self._pieces(data):
            self._process.stdin.write(piece)
            self._process.stdin.flush()

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        pos = 0
        while pos < len(data):
            size = self._draw.choice((1, 2, 7, 64, 4096, 65_536))
            yield data[pos : pos + size]
            pos += size

    def _read(self) -> None:
        stream: IO[bytes] | None = self._process.stdout
        assert stream is not None
        try:
            while header := stream.readline():
                found = _HEADER.fullmatch(header)
                if not found:
                    raise ValueError(f"no chunk header: {header[:200]!r}")
                size = int(found[1]) + int(found[2])
                self._answers.put(decode_chunks(header + stream.read(size))[0])
            self._answers.put(None)
        except ValueError as error:
            self._answers.put(error)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.errors += line
