"""The examples of the page on plugins, installed and used as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from tests.api.driving import end
from tests.docs.markdown import ROOT, Block, blocks
from tests.plugins.conftest import Installed, forget

from perqueue import PersistentQueue, Task
from perqueue.api import queue as api_queue
from perqueue.cli.app import run
from perqueue.codec import decode, encode, no_blobs
from perqueue.config import Config, load_config
from perqueue.core.records import Verdict
from perqueue.engine.folder import QueueFolder, create_folder, need_folder
from perqueue.engine.observing import Observing
from perqueue.executors.protocol import Executor, Site
from perqueue.plugins.manager import load_plugins
from perqueue.testing.contracts.codecs import CodecContract
from perqueue.testing.contracts.executor_case import Bench, ExecutorCase
from perqueue.testing.contracts.executors import ExecutorContract
from perqueue.testing.contracts.observers import ObserverContract
from perqueue.testing.contracts.stores import StoreContract

PAGE: Final = ROOT / "docs" / "plugins.md"
EXAMPLES: Final = {block.text.splitlines()[0].removeprefix("# "): block for block in blocks(PAGE, "python")}
PLUGINS: Final = sorted(name for name, block in EXAMPLES.items() if "@hookimpl" in block.text)
PROOFS: Final = sorted(name for name in EXAMPLES if name.startswith("test_"))


@pytest.fixture
def example(install: Installed) -> Installed:
    """All examples of the page, installed as one distribution."""
    for name, block in EXAMPLES.items():
        (install.folder / name).write_text(block.text, encoding="utf-8")
    info = install.folder / "documented-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: documented\nVersion: 1.0\n", encoding="utf-8")
    points = "".join(f"{Path(name).stem} = {Path(name).stem}\n" for name in PLUGINS)
    (info / "entry_points.txt").write_text(f"[perqueue]\n{points}", encoding="utf-8")
    forget()
    return install


@pytest.mark.usefixtures("example")
def test_every_example_can_be_used() -> None:
    """None of them fails to load, and each brings something."""
    found = load_plugins()
    assert found.failed == {}
    assert {one.name for one in found.found if one.brings} == {"perqueue", *(Path(name).stem for name in PLUGINS)}


@pytest.mark.parametrize("name", PROOFS)
@pytest.mark.slow
def test_every_example_is_proved(example: Installed, name: str) -> None:
    """The few lines of the page that prove an example, run as they stand there, pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
    done = subprocess.run(command, cwd=example.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^[0-9]+ passed", done.stdout, re.MULTILINE), done.stdout


def test_all_kinds_of_contracts_are_shown() -> None:
    """The page has a proof for each contract, and its table names it with what it asks for."""
    shown = "".join(EXAMPLES[name].text for name in PROOFS)
    table = next(text for text in PAGE.read_text(encoding="utf-8").split("\n\n") if text.startswith("| for | subclass"))
    for contract in (ExecutorContract, StoreContract, CodecContract, ObserverContract):
        assert f"from {contract.__module__} import {contract.__name__}" in shown
        assert f"| `{contract.__name__}` | `{contract.__module__}` |" in table
    for name in ("make_executor(folder, config)", "make_store(folder)", "reopen_store(folder)", "make_observer(site)"):
        assert f"`{name}`" in table


class OneByOne(ExecutorCase):
    """The executor of the page."""

    at_once = 1

    def make_executor(self, folder: QueueFolder, config: Config) -> Executor:
        return load_plugins().executor("one-by-one").open(Site(folder.root, folder.id), config)


@pytest.mark.usefixtures("example")
def test_the_executor(queue_folder: Path) -> None:
    """It runs attempts one after the other, ends them when asked to, and runs none twice."""
    with OneByOne().bench(queue_folder) as bench:
        first, second, third = (bench.task(key) for key in (1, 2, 3))
        bench.launch(first, second, third)
        bench.until_began(1)
        bench.stop(second)
        assert bench.until_ended(second).outcome.reason == "cancelled"
        bench.launch(first)
        bench.go(1)
        assert bench.until_ended(first).outcome.verdict is Verdict.succeeded
        bench.until_began(3)
        bench.stop(third)
        assert bench.until_ended(third).outcome.verdict is Verdict.failed
        recovers(bench)
        assert bench.began() == ["1", "3", "4"]


def recovers(bench: Bench) -> None:
    bench.wait(lambda: not bench.executor.turn, "its processes to end")  # type: ignore[attr-defined]
    task = bench.task(4)
    bench.next_owner(task)
    bench.go(4)
    assert bench.until_ended(task).outcome.verdict is Verdict.succeeded


def test_its_configuration(tmp_path: Path) -> None:
    """The table of the page sends a partition to it, with options that it can read."""
    (block,) = blocks(PAGE, "toml")
    (tmp_path / "perqueue.toml").write_text(block.text, encoding="utf-8")
    config = load_config(str(tmp_path), {})
    assert config.lanes["one-by-one:calm"] == ("one-by-one", "calm")
    assert config.options("one-by-one").options == {"anything": "it likes"}


@pytest.mark.usefixtures("example")
def test_the_store(queue_folder: Path) -> None:
    """A queue can be made with it, and keeps its entries for as long as the process lives."""
    folder = create_folder(str(queue_folder), "forgetful")
    with closing(folder.open_store()) as store, store.snapshot() as state:
        assert state.keys() == []
    assert need_folder().store == "forgetful"


@pytest.mark.usefixtures("example")
def test_the_codec() -> None:
    """It stores what the page says."""
    temperature = load_plugins().codecs["temperature"].decode(3.5)
    text = encode([temperature], no_blobs)
    assert text == '[{"$temperature":3.5}]'
    assert decode(text, no_blobs) == [temperature]


@pytest.fixture
def ended(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A queue that stands still, with two entries that ended: the second failed, and took longer."""
    monkeypatch.setattr(api_queue, "drive", lambda _: True)
    for name in ("quick", "slow"):
        (queue_folder / f"{name}.py").write_text("def main(**_):\n    return True, None\n", encoding="utf-8")
        with PersistentQueue() as queue:
            queue.submit(Task(f"{name}.py", {}, "local:1m"))
    end(1, {}, started=10.0, ended=11.5)
    end(2, None, Verdict.failed, reason="raised", message="ValueError: no luck", started=10.0, ended=99.0)
    return queue_folder


@pytest.mark.usefixtures("example", "ended")
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the entries that took longest, and has help and options of its own."""
    assert run(["slowest", "-n", "1"]) == 0
    assert capsys.readouterr().out == "2 slow.py: 89.0 s\n"
    assert run(["slowest"]) == 0
    assert capsys.readouterr().out == "2 slow.py: 89.0 s\n1 quick.py: 1.5 s\n"
    assert run(["slowest", "--help"]) == 0
    assert "How many." in capsys.readouterr().out


@pytest.mark.usefixtures("example")
def test_the_observer(ended: Path) -> None:
    """It writes a line for what failed."""
    folder = need_folder()
    with closing(folder.open_store()) as store:
        assert Observing(folder, store, print).deliver() is False
        with store.snapshot() as state:
            (seq,) = [event.seq for event in state.log() if event.kind == "ended" and event.key == 2]
    assert (ended / "failures.jsonl").read_text(encoding="utf-8") == f'[{seq}, 2, "ValueError: no luck"]\n'


def test_the_three_lines_of_the_readme_are_those_of_the_tests() -> None:
    """What the example package shows as its proof is what is run on it."""
    (shown,) = blocks(ROOT / "examples" / "plugins" / "perqueue-hyperqueue" / "README.md", "python")
    body = shown.text[shown.text.index("        return") :].strip()
    assert body in (ROOT / "tests" / "plugins" / "test_hyperqueue.py").read_text(encoding="utf-8")


def test_examples_are_named() -> None:
    """Each example of the page says what file it is."""
    assert all(name.endswith(".py") and isinstance(block, Block) for name, block in EXAMPLES.items())
    assert len(PLUGINS) == 5
