"""What a local task costs beyond its own work: wall time per no-op task, against a bare fork and a bare interpreter.

    python benchmarks/local_overhead.py [--repeat 3] [--large 10000] [--store sqlite]

Each task is durable (its attempt is recorded before it starts, its result committed with an fsync) and runs in a
process of its own. The cost per task is the slope between a small and a larger number of tasks, so that starting the
supervisor cancels out. Prints, each the median over the repeats:

- per task, and its ratio to a bare ``os.fork`` + ``os.wait`` in this process, as many at a time as there are cores;
  and to the same in an interpreter that has imported nothing, whose forks copy a third of the memory;
- the ratio of an interpreter that imports networkx, started for each task, to it;
- growth: the slope from 1,000 to 10,000 tasks over the slope below.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.core.states import EntryState
from perqueue.engine.folder import create_folder, need_folder

CORES = os.cpu_count() or 1

BARE = """
import os, sys, time
count, cores = int(sys.argv[1]), int(sys.argv[2])
begin, started, live = time.perf_counter(), 0, 0
while started < count or live:
    while live < cores and started < count:
        if os.fork() == 0:
            os._exit(0)
        started, live = started + 1, live + 1
    os.wait()
    live -= 1
print(time.perf_counter() - begin)
"""


def bare_fork(count: int) -> float:
    """Seconds per ``os.fork`` + ``os.wait``, ``CORES`` at a time, in this process."""
    begin, started, live = time.perf_counter(), 0, 0
    while started < count or live:
        while live < CORES and started < count:
            if os.fork() == 0:
                os._exit(0)
            started, live = started + 1, live + 1
        os.wait()
        live -= 1
    return (time.perf_counter() - begin) / count


def empty_fork(count: int) -> float:
    """The same in an interpreter that has imported nothing."""
    out = subprocess.run([sys.executable, "-I", "-c", BARE, str(count), str(CORES)], capture_output=True, check=True)
    return float(out.stdout) / count


def interpreter(count: int) -> float:
    """Seconds per interpreter that imports networkx, ``CORES`` at a time."""
    begin, started = time.perf_counter(), 0
    live: list[subprocess.Popen[bytes]] = []
    while started < count or live:
        while len(live) < CORES and started < count:
            live.append(subprocess.Popen([sys.executable, "-c", "import networkx"]))
            started += 1
        live.pop(0).wait()
    return (time.perf_counter() - begin) / count


def queue(count: int, parent: Path, store_name: str) -> float:
    """Seconds from submitting ``count`` ready no-op tasks to a new queue until all have succeeded."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    os.chdir(folder)
    Path("noop.py").write_text("def main(**kwargs):\n    return True, None\n")
    create_folder(".", store_name)
    begin = time.perf_counter()
    with PersistentQueue() as pq:
        pq.submit(StaticWidthGroup(Task("noop.py", None, "local"), count))
    store = need_folder().open_store()
    busy = True
    while busy:
        time.sleep(0.005)
        with store.snapshot() as state:
            busy = state.busy()
    taken = time.perf_counter() - begin
    with store.snapshot() as state:
        assert state.counts() == {EntryState.succeeded: count}, state.counts()
        assert all(row.entry.attempt == 1 for row in state.rows())
    store.close()
    os.chdir("/")
    return taken


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        measure(stack)


def measure(stack: ExitStack) -> None:
    """Measure in folders that the stack removes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--large", type=int, default=10_000, help="0: leave the growth out")
    parser.add_argument("--store", default="sqlite", help="what keeps the state of the queues")
    options = parser.parse_args()
    sys.stderr.write(f"{CORES} cores\n")
    tasks, forks, empties, spawns, growths = [], [], [], [], []
    # All queues stay until the end: ext4 creates files more slowly for half a minute after many were deleted.
    parent = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perqueue-bench-")))
    for _ in range(options.repeat):
        fork, empty = bare_fork(1000), empty_fork(1000)
        t200, t1000 = queue(200, parent, options.store), queue(1000, parent, options.store)
        slope = (t1000 - t200) / 800
        tasks.append(slope)
        forks.append(slope / fork)
        empties.append(slope / empty)
        spawns.append(interpreter(10) / slope)
        line = f"bare fork {fork * 1e3:.3f} ms, of an empty interpreter {empty * 1e3:.3f} ms"
        line += f", 200 in {t200:.2f} s, 1000 in {t1000:.2f} s"
        if options.large:
            large = queue(options.large, parent, options.store)
            growths.append((large - t1000) / (options.large - 1000) / slope)
            line += f", {options.large} in {large:.2f} s"
        sys.stderr.write(line + "\n")
    print(f"per task                       {statistics.median(tasks) * 1e3:8.3f} ms")
    print(f"ratio to a bare fork + wait    {statistics.median(forks):8.2f}   (must be at most 3)")
    print(f"  of an empty interpreter      {statistics.median(empties):8.2f}")
    print(f"interpreter + networkx to task {statistics.median(spawns):8.1f}   (must be at least 50)")
    if growths:
        print(f"growth beyond 1,000 tasks      {statistics.median(growths):8.2f}   (must be at most 1.3)")


if __name__ == "__main__":
    main()
