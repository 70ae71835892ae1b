"""Several clusters behind one scheduler: each job is looked for, asked about and cancelled where it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import DOWN, LOST

from perqueue.executors.batch.dialect import Answer


@pytest.fixture
def rig(rig: Rig) -> Rig:
    """With one job on the cluster ``far`` and one on the usual one, which have the same number."""
    rig.launch(1, partition="far")
    rig.launch(2)
    assert (rig.ids(1), rig.ids(2)) == (["1;far"], ["1"])
    return rig


def looks(rig: Rig) -> list[str]:
    """The cluster of each look."""
    return [words[1] if len(words) > 1 else "" for words in rig.commands.of("look")]


def deaf(rig: Rig, cluster: str) -> None:
    """From now on a cluster can't be asked."""

    def look(words: Sequence[str]) -> Answer:
        return DOWN if "".join(words[2:]) == cluster else rig.toy.do(words)

    rig.commands.next.pop("look", None)
    rig.commands.instead("look", *[look] * 1000)


def test_each_job_is_looked_for_where_it_is(rig: Rig) -> None:
    """What one cluster says of a number is nothing about the same number on another."""
    rig.start(2)
    rig.run(10)
    assert (rig.note(1).state, rig.note(2).state) == ("pending", "running")
    rig.start(1)
    rig.run(20)
    rig.toy.end(rig.job(2), "oom")
    rig.run(60)
    assert rig.end(2) == ("failed", "oom")
    assert (rig.starts(1), rig.ends(1), rig.note(1).state) == ([0], [], "running")


def test_a_cluster_tells_of_its_own_jobs_only(rig: Rig) -> None:
    """A job that one cluster doesn't have is missing only if it is that cluster's."""
    rig.toy.history = False
    rig.run(6)
    rig.job(1).hidden = True
    rig.run(800)
    assert rig.end(1) == ("failed", "vanished")
    assert (rig.ends(2), rig.note(2).state) == ([], "pending")


@pytest.mark.parametrize(("cluster", "silent", "heard"), [("far", 1, 2), ("", 2, 1)])
def test_a_cluster_that_cant_be_asked(rig: Rig, cluster: str, silent: int, heard: int) -> None:
    """Nothing follows for its jobs, and all for those of the others."""
    rig.toy.history = False
    rig.run(6)
    rig.job(1).hidden = rig.job(2).hidden = True
    deaf(rig, cluster)
    rig.run(1000)
    assert rig.end(heard) == ("failed", "vanished")
    assert rig.ends(silent) == []
    assert rig.notes.trouble == (f"{cluster}: " if cluster else "") + "the controller is down"


def test_an_end_counts_when_its_own_cluster_was_asked_again(rig: Rig) -> None:
    """Another cluster's answer is no second look."""
    rig.start(1, 2)
    rig.run(6)
    rig.toy.end(rig.job(1), "node-failure")
    for _ in range(20):
        if rig.note(1).state != "ended":
            rig.run(1)
    deaf(rig, "far")
    rig.run(500)
    assert rig.ends(1) == []
    rig.commands.next.clear()
    rig.run(200)
    assert rig.end(1) == ("failed", "node-failure")


def test_history_is_asked_of_the_jobs_cluster(rig: Rig) -> None:
    """One command for each, with the ids of its own jobs."""
    rig.job(1).hidden = rig.job(2).hidden = True
    rig.run(6)
    assert sorted(words[1:] for words in rig.commands.of("history")[:2]) == [("1",), ("1", "on", "far")]
    rig.toy.end(rig.job(1), "oom")
    rig.run(60)
    assert rig.end(1) == ("failed", "oom")
    assert rig.ends(2) == []


def test_a_job_is_cancelled_where_it_is(rig: Rig) -> None:
    """The job of the same number on another cluster goes on."""
    rig.stop(1)
    rig.run(60)
    assert rig.end(1) == ("failed", "cancelled")
    assert rig.ends(2) == []
    assert rig.job(2).live


@pytest.mark.parametrize("number", [1, 300])
def test_a_look_is_a_command_for_each_cluster(rig: Rig, number: int) -> None:
    """However many jobs there are, and none for a cluster that has none."""
    rig.launch(*range(10, 10 + number), partition="far")
    rig.run(0.1)
    rig.commands.log.clear()
    rig.run(600)
    assert looks(rig) == ["far", ""] * 10
    rig.start(2)
    rig.toy.finish(rig.job(2))
    rig.run(1)
    rig.commands.log.clear()
    rig.run(200)
    assert set(looks(rig)) == {"far"}


def test_the_next_owner(rig: Rig) -> None:
    """It finds jobs on their clusters, whatever it knows of them."""
    (rig.folders()[0] / "job").unlink()
    rig.reports.clear()
    rig.next_owner()
    rig.run(2)
    assert (rig.ids(1), rig.commands.number("submit")) == (["1;far"], 0)
    rig.run(1000)
    assert (rig.ends(1), rig.ends(2)) == ([], [])


# submissions whose answer was lost


def test_a_submission_is_looked_for_where_it_was_to_go(rig: Rig) -> None:
    """It is found there, and keeps the cluster's name in its id."""
    rig.commands.instead("submit", lambda words: (rig.toy.do(words), LOST)[1])
    rig.launch(3, 4, partition="far")
    rig.run(3)
    assert (rig.ids(3), rig.ids(4)) == (["2_0;far"], ["2_1;far"])
    rig.run(1000)
    assert (rig.ends(3), rig.commands.number("submit")) == ([], 3)


def test_a_submission_may_be_in_one_of_several_clusters(rig: Rig) -> None:
    """It is made again only after all of them were seen to be without it."""
    rig.commands.instead("submit", LOST)
    deaf(rig, "near")
    rig.launch(3, partition="either")
    rig.run(300)
    assert rig.commands.number("submit") == 3
    assert {"far", "near"} <= set(looks(rig))
    rig.commands.next.clear()
    rig.run(150)
    assert (rig.commands.number("submit"), rig.ids(3)) == (4, ["1;near"])
