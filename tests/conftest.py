"""Fixtures every test may use."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared and slow at times; how long an example takes is no property of the code.
# CI draws the same examples every time; a person's own runs draw new ones.
settings.register_profile("caltrop", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("unit", settings.get_profile("caltrop"), max_examples=10)
settings.load_profile("caltrop")

# The workers of xdist share the cores; so does what they start. Polars reads it once, when it is loaded.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords(request: pytest.FixtureRequest) -> Iterator[None]:
    """In the unit part, where every server is one of this process, a password is hashed with less work than one is worth."""
    with pytest.MonkeyPatch.context() as patch:
        if request.config.getoption("--hypothesis-profile") == "unit":
            accounts = importlib.import_module("caltrop.splunkd.access.accounts")
            patch.setitem(accounts._COST, "n", 2**4)
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared material beside the repository; tests that read it are skipped, and say so, where it is absent."""
    path = ROOT.parent / "shared"
    if not path.is_dir():
        pytest.skip("../shared is not here: the checks against conformance, corpus, oracle and captures did not run")
    return path


# What runs servers, other processes, whole packages with every add-on, or patterns until their limit.
WHOLE = (
    "addons/test_app_lists.py",
    "addons/test_stand_ins.py",
    "addons/test_system.py",
    "app/test_as_splunkd.py",
    "app/test_command.py",
    "commandline/",
    "engine/core/test_core_matchlimit.py",
    "hunt/",
    "render/test_reuse.py",
    "replay/test_remote.py",
    "sigmarules/",
    "splunkd/inprocess/test_restriction.py",
    "splunkd/inprocess/test_rights.py",
    "splunkd/test_",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Compiling test modules, their asserts rewritten, is most of collecting, in each process anew: what was compiled is kept, also where
    the environment says to keep nothing (PYTHONDONTWRITEBYTECODE). What was loaded is no garbage, and is not looked through for any."""
    keeps, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    gc.disable()
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = keeps
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs something whole is no unit test: it is part of `make test`, not of `make unit`."""
    whole = {path: path.relative_to(ROOT / "tests").as_posix().startswith(WHOLE) for path in {i.path for i in items}}
    for item in items:
        if whole[item.path]:
            item.add_marker(pytest.mark.slow)
