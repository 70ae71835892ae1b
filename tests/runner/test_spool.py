"""Claims are exclusive, outcomes appear whole, and what isn't an outcome is set aside."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.runner.errors import OutcomeUnwrittenError
from perqueue.runner.records import outcome_text, parse_outcome
from perqueue.runner.spool import (
    Claim,
    Failure,
    Outcome,
    Spool,
    Torn,
    Usage,
    alive,
    attempt_name,
    claim_for,
    parse_name,
)

QUEUE = "f" * 32


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(str(tmp_path / "q"), QUEUE)
    made.make()
    return made


def claim_on(key: int, attempt: int = 1, **fields: Any) -> Claim:
    return claim_for(QUEUE, key, attempt, pid=os.getpid(), walltime=60.0, server=None)._replace(**fields)


def outcome_of(key: int, attempt: int = 1, **fields: Any) -> Outcome:
    usage = Usage(1000, 0.5, 0.25)
    plain = Outcome(QUEUE, key, attempt, "succeeded", "returned", None, 1.0, 2.0, "here", 42, usage, '{"a":1}')
    return plain._replace(**fields)


def test_claim_is_exclusive(spool: Spool) -> None:
    """The second claim on an attempt is refused and leaves the first one and no temporary file."""
    assert spool.claim(claim_on(3))
    assert not spool.claim(claim_on(3, host="elsewhere"))
    assert spool.claim(claim_on(3, 2))
    found = spool.read_claim(3, 1)
    assert found is not None
    assert (found.host, found.walltime) == (os.uname().nodename, 60.0)
    assert os.listdir(spool.tmp) == []


def test_one_of_many_racing_claims_wins(spool: Spool) -> None:
    """Of processes that claim one attempt at once, exactly one gets it."""
    code = (
        "import sys; from perqueue.runner.spool import Spool, claim_for; import os\n"
        "s = Spool(sys.argv[1]); sys.stdin.read()\n"
        "print(sum(s.claim(claim_for('q', k, 1, pid=os.getpid(), walltime=None, server=None)) for k in range(50)))"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, spool.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
    wins = []
    for racer in racers:
        with racer:
            assert racer.stdout is not None
            wins.append(int(racer.stdout.read()))
    assert sum(wins) == 50


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_claim_without_hard_links(spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Where the file system has no hard links, a claim is still exclusive and readable."""

    def no_link(*_: object, **__: object) -> None:
        raise OSError(number, "no links here")

    monkeypatch.setattr(os, "link", no_link)
    assert spool.claim(claim_on(1))
    assert not spool.claim(claim_on(1))
    assert spool.read_claim(1, 1) == claim_on(1, at=spool.read_claim(1, 1).at)  # type: ignore[union-attr]
    assert os.listdir(spool.tmp) == []


def test_link_whose_reply_was_lost(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that NFS made and then reported as existing counts as made."""
    link = os.link

    def twice(source: str, target: str) -> None:
        link(source, target)
        raise FileExistsError(errno.EEXIST, "exists")

    monkeypatch.setattr(os, "link", twice)
    assert spool.claim(claim_on(1))


def test_claim_on_a_full_disk(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that can't be written raises, and the attempt stays free."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            spool.claim(claim_on(1))
    assert spool.read_claim(1, 1) is None
    assert spool.claim(claim_on(1))


@pytest.mark.parametrize("text", ["", "{", '{"key":1}', "[]", "null", '"x"'])
def test_unreadable_claim(spool: Spool, text: str) -> None:
    """A claim that says nothing readable has no owner, the file's time, and isn't alive."""
    path = Path(spool.claims, "1.1")
    path.write_text(text)
    os.utime(path, (5.0, 5.0))
    found = spool.read_claim(1, 1)
    assert found is not None
    assert (found.pid, found.at, found.key) == (0, 5.0, 1)
    assert not alive(found)
    assert not spool.claim(claim_on(1))


def test_no_claim(spool: Spool) -> None:
    """An attempt that nobody took has no claim."""
    assert spool.read_claim(1, 1) is None


def test_alive() -> None:
    """Only the very process that made the claim counts: not another host's, boot's or start's."""
    mine = claim_on(1)
    assert mine.start > 0
    assert alive(mine)
    assert not alive(mine._replace(host="elsewhere"))
    assert not alive(mine._replace(boot="another"))
    assert not alive(mine._replace(start=mine.start + 1000))
    assert not alive(mine._replace(start=-1))


def test_zombies_are_not_alive() -> None:
    """A process that has ended and was not reaped yet is not alive."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        claim = claim_for(QUEUE, 1, 1, pid=process.pid, walltime=None, server=None)
        assert alive(claim)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not alive(claim)
    assert not alive(claim)


@pytest.mark.parametrize("fsync", [False, True])
def test_outcome_comes_back(spool: Spool, fsync: bool) -> None:
    """What is written is what is read, in new and after it was settled."""
    outcome = outcome_of(3, error=Failure("ValueError", "no\nway", "Trace…"), verdict="failed", reason="raised")
    spool.write_outcome(outcome, fsync=fsync)
    assert spool.list_new() == ["3.1"]
    assert spool.read_new("3.1") == outcome == spool.read_outcome(3, 1)
    assert spool.settle(3, 1)
    assert not spool.settle(3, 1)
    assert spool.list_new() == os.listdir(spool.tmp) == []
    assert spool.read_outcome(3, 1) == outcome
    assert spool.has_outcome(3, 1)
    assert not spool.has_outcome(4, 1)
    assert spool.read_outcome(4, 1) is None
    with pytest.raises(FileNotFoundError):
        spool.read_new("3.1")


texts = st.text(max_size=30)


@given(st.builds(Failure, texts, texts, texts) | st.none(), st.dictionaries(texts, texts | st.floats()) | st.none())
def test_outcome_text_law(error: Failure | None, data: dict[str, Any] | None) -> None:
    """Parsing the text of an outcome gives the outcome, whatever characters are in it."""
    outcome = outcome_of(1, error=error, data=None if data is None else json.dumps(data))
    assert parse_outcome(outcome_text(outcome)) == outcome


@given(st.data())
def test_damage_is_noticed(data: st.DataObject) -> None:
    """No outcome that lost its end, or in which a byte changed, is taken for one."""
    raw = outcome_text(outcome_of(1))
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(ValueError, match=r"checksum|header"):
        parse_outcome(raw[:cut])
    changed = bytearray(raw)
    changed[cut] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match=r"checksum|header|ends"):
        parse_outcome(bytes(changed))


def test_data_with_a_line_break() -> None:
    """The data of an outcome is one line; anything else is refused before it is written."""
    with pytest.raises(ValueError, match="one line"):
        outcome_text(outcome_of(1, data='{\n"a":1}'))


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda: outcome_text(outcome_of(1))[:-20], "checksum"),
        (lambda: b"", "checksum"),
        (lambda: outcome_text(outcome_of(1, queue="e" * 32)), "another queue"),
        (lambda: outcome_text(outcome_of(2)), "entry 2, attempt 1"),
        (lambda: outcome_text(outcome_of(1, verdict="splendid")), "verdict 'splendid'"),
        (lambda: outcome_text(outcome_of(1, usage=None)).replace(b'"host"', b'"hast"'), "checksum"),
    ],
)
def test_not_an_outcome(spool: Spool, write: Any, why: str) -> None:
    """Torn, foreign and misnamed files say what is wrong with them, and can be set aside without loss."""
    Path(spool.new, "1.1").write_bytes(write())
    found = spool.read_new("1.1")
    assert isinstance(found, Torn)
    assert why in found.why
    first = spool.set_aside("1.1")
    Path(spool.new, "1.1").write_bytes(write())
    second = spool.set_aside("1.1")
    assert spool.list_new() == []
    assert sorted(os.listdir(spool.bad)) == ["1.1", "1.1~1"]
    assert first != second
    assert spool.set_aside("1.1") is None


def test_strangers_in_new(spool: Spool) -> None:
    """Names come in the order of keys, strangers last; a folder is no outcome, NFS's leftovers aren't listed."""
    for name in ("10.1", "9.2", "9.1", "notes.txt", "01.1"):
        Path(spool.new, name).write_bytes(b"")
    Path(spool.new, ".nfs0001").write_bytes(b"")
    Path(spool.new, "8.1").mkdir()
    assert spool.list_new() == ["8.1", "9.1", "9.2", "10.1", "01.1", "notes.txt"]
    assert isinstance(spool.read_new("8.1"), Torn)
    assert isinstance(spool.read_new("notes.txt"), Torn)
    assert spool.set_aside("8.1")


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_names_law(key: int, attempt: int) -> None:
    """The name of an attempt gives back its key and number."""
    assert parse_name(attempt_name(key, attempt)) == (key, attempt)


@pytest.mark.parametrize("name", ["", "1", "1.", ".1", "1.2.3", "a.1", "01.1", "1.-1", "²12.1", "1 .1"])
def test_names_that_are_none(name: str) -> None:
    """Only the spelling that we write is a name."""
    assert parse_name(name) is None


class FullDisk:
    """os.write that refuses texts that hold a word, after taking a part of them."""

    def __init__(self, word: bytes) -> None:
        self.word, self.write = word, os.write

    def __call__(self, file: int, text: Any) -> int:
        if self.word in bytes(text):
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.write(file, text)


def test_data_that_does_not_fit(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the data is too much for the disk, the outcome says so instead of being lost."""
    monkeypatch.setattr(os, "write", FullDisk(b'"a":1'))
    written = spool.write_outcome(outcome_of(1))
    assert written == spool.read_outcome(1, 1)
    assert (written.verdict, written.reason, written.data) == ("failed", "unstorable", None)
    assert written.error is not None
    assert "No space left" in written.error.message
    failed = outcome_of(2, verdict="failed", reason="raised", error=Failure("E", "mine"))
    assert spool.write_outcome(failed) == failed._replace(data=None)
    assert os.listdir(spool.tmp) == []


def test_nothing_fits(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no outcome can be written, that is raised and nothing half-written is left."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", FullDisk(b""))
        for data in (None, "{}"):
            with pytest.raises(OutcomeUnwrittenError, match=r"entry 1 \(attempt 1\).*No space left"):
                spool.write_outcome(outcome_of(1, data=data))
    assert os.listdir(spool.tmp) == spool.list_new() == []


def test_short_writes(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system call that takes only a part is continued."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, text: write(file, bytes(text)[:7]))
    spool.write_outcome(outcome_of(1))
    assert spool.read_outcome(1, 1) == outcome_of(1)


def test_sweep(spool: Spool) -> None:
    """Sweeping removes what belongs to attempts that aren't kept, and nothing that is new or a stranger's."""
    for key in (1, 2):
        spool.claim(claim_on(key))
        spool.write_outcome(outcome_of(key))
        spool.settle(key, 1)
        Path(spool.tmp, f"{key}.1.host.example.org.77").write_bytes(b"torn")
    spool.write_outcome(outcome_of(1, 2))
    Path(spool.cur, "README").write_bytes(b"")
    assert spool.sweep(lambda key, attempt: key == 2) == 3
    assert os.listdir(spool.claims) == ["2.1"]
    assert sorted(os.listdir(spool.cur)) == ["2.1", "README"]
    assert os.listdir(spool.tmp) == ["2.1.host.example.org.77"]
    assert spool.list_new() == ["1.2"]
