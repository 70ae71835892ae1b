"""Typed functions for workflows that are simulated; calls are counted by what they do, not run in a queue."""

from __future__ import annotations

from perqueue import Choose, Continue, Stop, Width, task


@task("local:1m")
def number(*, value: int) -> int:
    return value


@task("local:2m")
def double(x: int) -> int:
    return 2 * x


@task("local:1m")
def many(x: int) -> list[int]:
    return list(range(x))


@task("local:1m")
def wide(x: int) -> Width[int]:
    return Width(x, x)


@task("local:1m")
def total(xs: list[int]) -> int:
    return sum(xs)


@task("local:1m")
def halve(x: int) -> Continue[int] | Stop[int]:
    return Stop(x) if x <= 1 else Continue(x // 2)


@task("local:1m")
def judge(x: int) -> Choose[str, int]:
    return Choose("big" if x > 5 else "small", x)


@task("local:1m")
def breaks(x: int) -> int:
    raise ValueError(f"{x} is too much")
