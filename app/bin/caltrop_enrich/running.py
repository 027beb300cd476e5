"""Commands that run scripts and programs, or fetch something to run."""

from __future__ import annotations

from typing import List

from . import objects
from .commandlines import is_program
from .handlers import bound_to, registry
from .limits import MAX_PLAIN
from .machine import Argument, Invocation, Machine
from .records import way
from .values import Closure, Strings, Unread, Value, collapsed, few_of, flat_texts, items_of, joined, text_of, unread

COMMANDS, command = registry()


@command("invoke-expression")
def _invoke_expression(machine: Machine, call: Invocation) -> Value:
    given = list(bound_to(call, "invoke-expression").values())
    results: List[Value] = []
    for value in [*(call.piped or [])[:MAX_PLAIN], *given]:
        made = machine.run_text(value, call.source)
        results += items_of(made) if made is not NotImplemented else [unread(call.source)]
    return collapsed(results)


@command("start-process")
def _start_process(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "start-process")
    program = text_of(bound.get("FilePath"))
    machine.budget.spend(4 + (len(program) >> 8))
    given = [text_of(item) for item in few_of(bound.get("ArgumentList"))]
    if program and is_program(program):
        before = len(machine.lines.scripts) + len(machine.lines.calls)
        machine.lines.line(" ".join([f'"{program}"' if " " in program else program, *given]))
        unknown = [item for item in few_of(bound.get("ArgumentList")) if isinstance(text_of(item), Unread)]
        if unknown and len(machine.lines.scripts) + len(machine.lines.calls) == before:
            machine.note(objects.unreadable(f"Start-Process {program}", unread(" ".join(given))))
    elif isinstance(bound.get("FilePath"), Unread) and given:
        machine.note(objects.unreadable("Start-Process", bound["FilePath"]))
    return None


@command("invoke-item", "invoke-history")
def _invoke_item(machine: Machine, call: Invocation) -> Value:
    return None


@command("start-job", "start-threadjob")
def _start_job(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "start-job")
    for name in ("InitializationScript", "ScriptBlock"):
        block = bound.get(name)
        if isinstance(block, Closure):
            machine.run_closure(block, [Argument("", item) for item in few_of(bound.get("ArgumentList"))], call.piped)
    return NotImplemented


def native(machine: Machine, name: str, call: Invocation) -> Value:
    """A program of `commandlines`, with its arguments as PowerShell hands them over."""
    texts: Strings = []
    unknown = False
    for typed, value, bare, written in call.arguments:
        if typed and bare:
            texts.append("-" + typed)
            continue
        if written:  # a program is given `a,b` as it stands
            value = joined(value, ",")
        for item in few_of(value):
            text = text_of(item)
            unknown = unknown or isinstance(text, Unread)
            texts.append(f"-{typed}:{text}" if typed else text)
    machine.budget.spend(4 + (sum(map(len, texts)) >> 5))
    machine.budget.decide(" ".join(texts))
    reader = machine.lines
    before = len(reader.scripts) + len(reader.calls) + len(reader.payloads)
    piped = joined((call.piped or [])[:MAX_PLAIN], "\n")
    rest = " ".join(f'"{text}"' if (" " in text and '"' not in text) else text for text in texts)
    reader.program(name, texts, rest, piped)
    if unknown and len(reader.scripts) + len(reader.calls) + len(reader.payloads) == before:
        machine.note(objects.unreadable(name, unread(rest)))
    return NotImplemented


@command("invoke-webrequest", "invoke-restmethod")
def _request(machine: Machine, call: Invocation) -> Value:
    bound = bound_to(call, "invoke-webrequest")
    url = text_of(bound.get("Uri"))
    if not url:
        return NotImplemented
    return objects.fetched(machine, url, call.source)


@command("start-bitstransfer")
def _transfer(machine: Machine, call: Invocation) -> Value:
    urls = flat_texts(bound_to(call, "start-bitstransfer").get("Source"))
    if urls:
        machine.note(way("", [], download_url=urls))
    return None
