"""What every test may use: a folder for a queue, and how many examples Hypothesis tries.

``--hypothesis-profile thorough`` looks longer than the default run.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from tests.queues import CONFIG, end_processes
from xdist.scheduler import WorkStealingScheduling

# A run that was started with `&` or nohup ignores these, and so would every program that the tests start.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)

# Tests start thousands of interpreters: where nothing may be kept compiled, each of them would compile all anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The same examples every time where nobody watches, so that a change is judged by the change.
_ON_CI: Final = bool(os.environ.get("CI"))

settings.register_profile("default", max_examples=60, deadline=None, derandomize=_ON_CI)
settings.register_profile("thorough", max_examples=2000, stateful_step_count=100, deadline=None, derandomize=False)
settings.load_profile("default")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> WorkStealingScheduling:
    """Tests take between a millisecond and ten seconds: a worker that has nothing left takes some of another's."""
    return WorkStealingScheduling(config, log)


@pytest.fixture
def queue_folder(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The current folder for this test, empty but for a configuration; whatever runs in it ends with the test."""
    folder = tmp_path.resolve()
    (folder / "perqueue.toml").write_text(CONFIG, encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("PERQUEUE_")]:
        monkeypatch.delenv(name)
    # What the person who runs the tests has configured is not the tests' business.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))
    with monkeypatch.context() as here:
        here.chdir(folder)
        try:
            yield folder
        finally:
            end_processes(folder)
