"""The values around a task: jobs and frames, verdicts on returns and deaths, names of modules."""

from __future__ import annotations

import signal
import socket
from collections import OrderedDict, namedtuple
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.runner.channel import Channel, Frames, frame, message
from perqueue.runner.deaths import OomCounter, explain
from perqueue.runner.errors import FrameError, JobError
from perqueue.runner.failures import clip, refused_arguments
from perqueue.runner.job import Job
from perqueue.runner.load import module_name
from perqueue.runner.returned import judge
from perqueue.runner.task import BROKEN, UNWRITTEN

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
jobs = st.builds(
    Job,
    queue=texts,
    root=texts,
    key=st.integers(0),
    attempt=st.integers(1),
    name=texts,
    code=texts,
    folder=texts,
    args=texts,
    input=texts | st.none(),
    special=st.dictionaries(texts, st.lists(st.integers())),
    paths=st.lists(texts),
    mpi=st.lists(texts),
    walltime=st.none() | st.floats(0, 1e9),
    log=texts | st.none(),
)


@given(jobs)
def test_job_law(job: Job) -> None:
    """A job survives its bytes, and its header is one line that tells the server enough."""
    raw = job.to_bytes()
    assert Job.from_bytes(raw) == job
    [(header, _)] = Frames().feed(job.to_frame())
    assert header == {
        "op": "run",
        "queue": job.queue,
        "key": job.key,
        "attempt": job.attempt,
        "cores": job.cores,
        "walltime": job.walltime,
        "log": job.log,
    }


@pytest.mark.parametrize("raw", [b"", b"{}\n{}", b"nonsense", b'{"op":"run"}\n[]', b'{"op":"run","key":1}\n{"x":1}'])
def test_not_a_job(raw: bytes) -> None:
    """Bytes that are no job are refused."""
    with pytest.raises(JobError, match="not a job"):
        Job.from_bytes(raw)


@given(st.lists(st.binary(max_size=50)), st.lists(st.integers(1, 40)))
def test_frames_law(bodies: list[bytes], cuts: list[int]) -> None:
    """Messages come out whole and in order, however the stream is cut."""
    stream = b"".join(frame(b'{"op":"x"}\n' + body) for body in bodies)
    frames, found = Frames(), []
    for cut in [*cuts, len(stream)]:
        found += frames.feed(stream[:cut])
        stream = stream[cut:]
    found += frames.feed(stream)
    assert [body for _, body in found] == bodies


@pytest.mark.parametrize("payload", [b"", b"nonsense", b"[]", b'{"op":1}', b"\xff"])
def test_frame_without_header(payload: bytes) -> None:
    """A frame that names no operation is refused."""
    with pytest.raises(FrameError, match="protocol"):
        Frames().feed(frame(payload))


def test_channel_never_blocks() -> None:
    """What a slow reader does not take is kept and arrives later; a reader that has gone closes the channel."""
    a, b = socket.socketpair()
    writer, reader = Channel(a), Channel(b)
    for number in range(20_000):
        writer.send("note", number=number)
    writer.flush()
    assert (writer.pending, reader.open) == (True, True)
    heard: list[int] = []
    while len(heard) < 20_000:
        heard += [header["number"] for header, _ in reader.receive()]
        writer.flush()
    assert heard == list(range(20_000))
    assert not writer.pending
    reader.close()
    writer.send("note", number=0)
    writer.flush()
    assert vars(writer)["open"] is False
    writer.send("note", number=0)
    assert not writer.pending


def test_channel_keeps_half_messages() -> None:
    """A message that arrives in two parts is one message."""
    a, b = socket.socketpair()
    with a:
        reader, raw = Channel(b), message("stop", key=1)
        a.sendall(raw[:6])
        assert reader.receive() == []
        a.sendall(raw[6:])
        assert reader.receive() == [({"op": "stop", "key": 1}, b"")]
        assert reader.receive() == []
        reader.close()


Pair = namedtuple("Pair", "good data")  # noqa: PYI024


@pytest.mark.parametrize(
    ("value", "verdict", "data"),
    [
        ((True, {"a": 1}), "succeeded", {"a": 1}),
        ((True, None), "succeeded", None),
        ([True, {}], "succeeded", {}),
        (Pair(1, OrderedDict(a=1)), "succeeded", {"a": 1}),
        ((np.bool_(True), MappingProxyType({"a": 1})), "succeeded", {"a": 1}),
        (("yes", {"a": 1}), "succeeded", {"a": 1}),
        ((False, {"a": 1}), "discarded", {"a": 1}),
        ((np.False_, None), "discarded", None),
        ((None, {"a": 1}), "discarded", {"a": 1}),
        ((0, None), "discarded", None),
    ],
)
def test_good_returns(value: Any, verdict: str, data: Any) -> None:
    """A pair of something true or false and a mapping or None is a verdict."""
    judgement = judge(value)
    assert (judgement.verdict, judgement.reason, judgement.error) == (verdict, "returned", None)
    assert judgement.data == data


@pytest.mark.parametrize(
    ("value", "data", "told"),
    [
        (None, None, "None"),
        (True, None, "True (bool)"),
        (3.5, {"returned": 3.5}, "3.5 (float)"),
        ({"a": 1}, {"a": 1}, "a dict"),
        ((True, {"a": 1}, "extra"), {"a": 1}, "tuple of 3 values (bool, dict, str)"),
        (({"a": 1}, True), {"a": 1}, "True (bool)"),
        ((True, [1, 2]), {"returned": [1, 2]}, "list of 2 values"),
        ((True, "text"), {"returned": "text"}, "'text' (str)"),
        ("ab", {"returned": "ab"}, "'ab' (str)"),
        ((), {"returned": ()}, "tuple of 0 values"),
        ((np.ones(2), {"a": 1}), {"a": 1}, "truth"),
    ],
)
def test_bad_returns(value: Any, data: Any, told: str) -> None:
    """Any other return fails, says what came back and what to write, and keeps what was computed."""
    judgement = judge(value)
    assert (judgement.verdict, judgement.reason) == ("failed", "bad-return")
    assert judgement.data == data
    assert judgement.error is not None
    assert told in judgement.error.message
    assert "return True, {...}" in judgement.error.message


@pytest.mark.parametrize(
    ("status", "options", "verdict", "reason", "told"),
    [
        (0, {}, "failed", "os-exit", "status 0"),
        (3 << 8, {}, "failed", "os-exit", "status 3"),
        (UNWRITTEN << 8, {}, "failed", "os-exit", "could not be written"),
        (BROKEN << 8, {}, "failed", "os-exit", "perqueue itself"),
        (signal.SIGSEGV, {}, "failed", "signal", "SIGSEGV: segmentation fault"),
        (signal.SIGSEGV | 128, {}, "failed", "signal", "SIGSEGV: segmentation fault"),
        (signal.SIGTERM, {}, "failed", "signal", "SIGTERM: terminated (sent from outside)"),
        (signal.SIGKILL, {}, "failed", "signal", "out-of-memory killer"),
        (signal.SIGKILL, {"out_of_memory": True}, "failed", "oom", "memory"),
        (signal.SIGSEGV, {"out_of_memory": True}, "failed", "signal", "SIGSEGV"),
        (signal.SIGKILL, {"why": "walltime", "walltime": 60.0}, "timeout", "walltime", "60 s"),
        (0, {"why": "walltime"}, "timeout", "walltime", "its walltime"),
        (signal.SIGTERM, {"why": "cancelled"}, "failed", "cancelled", "cancelled while it ran"),
        (signal.SIGTERM, {"why": "removed"}, "failed", "cancelled", "removed while it ran"),
        (70 << 8, {"claimed": False}, "failed", "launch", "status 70"),
        (signal.SIGKILL, {"claimed": False, "out_of_memory": True}, "failed", "launch", "SIGKILL"),
        (40, {}, "failed", "signal", "40"),
    ],
)
def test_deaths(status: int, options: Any, verdict: str, reason: str, told: str) -> None:
    """Each way for a process to end without an outcome has a verdict, a word and a sentence."""
    explanation = explain(int(status), **options)
    assert explanation[:2] == (verdict, reason)
    assert told in explanation.message


def test_oom_counter(tmp_path: Path) -> None:
    """The counter is read from the first file that has it, and a recent reading is used again."""
    path = tmp_path / "memory.events"
    path.write_text("low 0\noom 3\noom_kill 2\noom_group_kill 9\n")
    counter = OomCounter([str(tmp_path / "missing"), str(path)])
    assert counter.recent() == counter.now() == 2
    path.write_text("oom_kill 5\n")
    assert counter.recent() == 2
    assert counter.now() == counter.recent() == 5
    path.write_text("oom_kill many\n")
    assert counter.now() == 0
    assert OomCounter().now() >= 0


def test_module_names() -> None:
    """A script's module has its stem's name unless that is taken or no name; it is never the main module."""
    assert module_name("/x/relax_slab.py") == "relax_slab"
    for name in ("os", "asyncio", "__main__", "1-relax", "zoneinfo"):
        assert module_name(f"/x/{name}.py") == f"_perqueue_task_{name}"


def call(function: Any, sources: dict[str, list[str]]) -> str | None:
    """What is said about a call that is refused, as from inside of the runner."""
    with pytest.raises(TypeError) as caught:
        function(**{name: 0 for names in sources.values() for name in names})
    trace = caught.value.__traceback__
    assert trace is not None
    return refused_arguments(function, caught.value.with_traceback(trace.tb_next), sources)


def test_refused_arguments() -> None:
    """A refused call says which arguments are too many or missing, and where they came from."""
    told = call(lambda a, b: 0, {"args": ["a", "x"], "parents": ["x", "y"], "perqueue": []})
    assert told is not None
    assert "'x' (from parents), 'y' (from parents)" in told
    assert "it needs 'b'" in told
    assert "'a' (from args)" in told
    assert "no arguments" in (call(lambda a, **k: 0, {"args": []}) or "")


def test_error_inside_is_no_refused_call() -> None:
    """A TypeError that comes from inside of the function is left alone."""

    def inside(a: Any) -> Any:
        return a + "text"

    assert call(inside, {"args": ["a"]}) is None


def test_clip() -> None:
    """Long texts lose their middle and say how much."""
    assert clip("abc", 3) == "abc"
    text = clip("a" * 500 + "z" * 500, 100)
    assert text.startswith("a" * 50)
    assert text.endswith("z" * 50)
    assert "900 characters" in text
