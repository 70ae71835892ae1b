"""What the page on Slurm says is so."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Final

import pytest
from tests.docs.markdown import blocks, read
from tests.executors.slurm.batches import batch

from perqueue.config import Partition, load_config
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import Answer, Listing, Phase
from perqueue.executors.slurm.dialect import SlurmDialect
from perqueue.executors.slurm.options import options

PAGE: Final = Path(__file__).parents[3] / "docs" / "slurm.md"
TEXT: Final = read(PAGE)


def _rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    text = TEXT[TEXT.index(f"\n## {heading}\n") :]
    lines = text[text.index("\n|---") :].strip().splitlines()[1:]
    table = itertools.takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration is one, and gives what the comments say."""
    (block,) = blocks(PAGE, "toml")
    (tmp_path / "perqueue.toml").write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = load_config(str(tmp_path))
    gpu = config.partition_for(Resources.parse("1:gpu:1h"))
    words = options(batch("1:gpu:1h", gpu))
    assert {"--partition=sm3090", "--gres=gpu:RTX3090:1", "--mem=16384M", "--constraint=nvlink"} <= set(words)
    assert (config.options("slurm").interval, config.options("slurm").max_jobs) == (10, 500)


def test_the_example_of_what_is_asked_for() -> None:
    """A resource string becomes the options that stand there."""
    found = re.search(r"`(\S+)` becomes `([^`]+)`", TEXT)
    assert found is not None
    assert [word for word in options(batch(found[1])) if word in found[2].split()] == found[2].split()


def test_every_option_is_named() -> None:
    """All options for resources that a script can have stand in the table."""
    everything = options(
        batch(
            Resources(4, 60, "x", memory=9, gpus=1, exclusive=True, avoid=("a",)),
            Partition("x", account="a", qos="b", requeue=True),
        )
    )
    table = " ".join(cell for row in _rows("What is asked for") for cell in row)
    book = ("--signal", "--export", "--job-name", "--comment", "--chdir", "--output", "--open-mode")
    asked = {word.partition("=")[0] for word in (*everything, "--no-requeue")} - set(book)
    assert {word for word in asked if f"`{word}" not in table} == set()


@pytest.mark.parametrize(("states", "reason"), [(row[0], row[1]) for row in _rows("How a job ended")[:-2]])
def test_reasons(states: str, reason: str) -> None:
    """Each state in the table ends a job for the reason beside it."""
    for state in re.findall("`([A-Z_]+)`", states):
        text = f"8|{state}|0:0|a1|a:pq-a\n"
        listing = SlurmDialect().told(Answer(0, text, ""), "pq-")
        assert isinstance(listing, Listing)
        assert [(job.phase, job.reason) for job in listing.jobs] == [(Phase.ENDED, reason.split("`")[1])]
