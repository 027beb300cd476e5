"""Two processes for what takes one of them long: each does half, and what the other one did comes back packed."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

Item = TypeVar("Item")


def packed(
    items: Sequence[Item], pack: Callable[[Sequence[Item]], list[bytes]], weight: Callable[[Item], int], alone: int
) -> list[bytes]:
    """`pack(items)`, in two processes where there are `alone` items or more, halved by weight."""
    half = _half(items, weight) if len(items) >= alone else len(items)
    if half == len(items) or not may_fork() or (os.cpu_count() or 1) < 2:
        return pack(items)
    out, into = os.pipe()
    child = os.fork()
    if not child:
        _child(out, into, lambda: pack(items[half:]))
    os.close(into)
    first = pack(items[:half])
    with os.fdopen(out, "rb") as stream:
        sent = stream.read()
    _, status = os.waitpid(child, 0)
    # Had the child died, nothing would be lost but time.
    return first + (pack(items[half:]) if status else msgspec.msgpack.decode(sent, type=list[bytes]))


def may_fork() -> bool:
    """Whether a fork loses nothing: threads (Polars' among them) do not survive one."""
    return sys.platform == "linux" and threading.active_count() == 1 and "polars" not in sys.modules


def _half(items: Sequence[Item], weight: Callable[[Item], int]) -> int:
    """How many of the items hold half of the weight."""
    weights = [weight(item) for item in items]
    left = sum(weights) // 2
    for index, one in enumerate(weights):
        left -= one
        if left < 0:
            return index
    return len(items)


def _child(out: int, into: int, work: Callable[[], list[bytes]]) -> None:
    """Work, send, leave without the parent's clean-up."""
    code = 1
    try:
        os.close(out)
        with os.fdopen(into, "wb") as stream:
            stream.write(msgspec.msgpack.encode(work()))
        code = 0
    finally:
        os._exit(code)
