"""Submissions from a folder whose configuration is not the queue's."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from tests.engine.conftest import Bench

from perqueue import PersistentQueue
from perqueue.config import load_config
from perqueue.core.compile import compile_graph
from perqueue.engine.driven import OtherConfigError, refuse_unknown

SITE = '[partitions.x]\nexecutor = "slurm"\naccount = "all"\n'


@pytest.fixture
def below(bench: Bench) -> Path:
    """A folder below the queue's, whose own configuration says how the site's partition is used."""
    top = Path(bench.folder.folder)
    (top / "perqueue.toml").write_text(SITE, encoding="utf-8")
    (top / "below").mkdir()
    return top / "below"


def ask(bench: Bench, below: Path, text: str, override: str | None = None) -> None:
    """As a submission from below asks, with such a configuration there."""
    (below / "perqueue.toml").write_text(text, encoding="utf-8")
    graph = compile_graph(bench.task(resources="1:x:5m") | bench.task(resources="1:y:5m"))
    refuse_unknown(graph, evolve(load_config(str(below)), override=override), str(below), bench.folder)


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ('[partitions.y]\nexecutor = "slurm"\n', "no such partition"),
        ('[partitions]\ny = "local"\n[partitions.x]\nexecutor = "pbs"\n', "the executor 'slurm' for it"),
    ],
)
def test_what_would_never_run_is_refused(bench: Bench, below: Path, text: str, has: str) -> None:
    """A partition that nobody who drives the queue knows, or knows by that executor; nothing is told of others."""
    with pytest.raises(OtherConfigError) as caught:
        ask(bench, below, text)
    assert str(caught.value).endswith(f"which has {has}: configure it in {bench.folder.folder}/perqueue.toml")
    assert str(caught.value).startswith(f"{below}/perqueue.toml: partitions.")


def test_settings_that_will_not_count_are_told(bench: Bench, below: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Jobs are launched by the queue's own configuration, so what differs is said."""
    ask(bench, below, '[partitions]\ny = "local"\n[partitions.x]\naccount = "mine"\n')
    told = capsys.readouterr().err
    assert told.startswith(f"perqueue: the partition 'x' is configured otherwise here than in {bench.folder.folder},")
    assert told.count("\n") == 1


@pytest.mark.parametrize("text", ['[partitions]\ny = "local"\n', '[partitions]\ny = "local"\n[local]\ncores = 1\n'])
def test_settings_of_other_things_are_not(
    bench: Bench, below: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Nothing is said where the partitions that are asked for are the same."""
    ask(bench, below, text)
    assert capsys.readouterr().err == ""


def test_everything_on_this_machine(bench: Bench, below: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An override makes partitions of no importance."""
    ask(bench, below, '[partitions.y]\nexecutor = "slurm"\n', override="local")
    assert capsys.readouterr().err == ""


def test_a_submission_is_refused(bench: Bench, below: Path) -> None:
    """Nothing is stored of it."""
    (below / "perqueue.toml").write_text('[partitions.y]\nexecutor = "slurm"\n', encoding="utf-8")
    with pytest.raises(OtherConfigError), PersistentQueue(below) as pq:
        pq.submit(bench.task(resources="1:y:5m"))
    assert bench.states() == {}
