"""The typed functions and the script that the snippets in ``accepted`` and ``rejected`` put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from perqueue import Choose, Continue, Discard, Stop, Task, Width, task


def script() -> Task:
    """A task of a script, which takes and gives anything."""
    return Task(__file__, {"x": 1}, "local:1m")


@task("local:1m")
def start() -> int:
    return 3


@task("local:1m")
def seed(*, n: int) -> int:
    return n


@task("local:1m")
def double(x: int) -> int:
    return 2 * x


@task("local:1m")
def show(x: int) -> str:
    return str(x)


@task("local:1m")
def parse(x: str) -> int:
    return int(x)


@task("local:1m")
def half(x: float) -> float:
    return x / 2


@task("local:1m")
def scale(x: float, by: float, *, unit: str = "") -> float:
    return x * by * len(unit)


@task("local:1m")
def either(x: int | str) -> str:
    return str(x)


@task("local:1m")
def maybe(x: int | None = None) -> int:
    return x or 0


@task("local:1m")
def anything(x: object) -> str:
    return str(x)


@task("local:1m")
def forget(x: int) -> None:
    return None


@task("local:1m")
def table(x: int) -> dict[str, int]:
    return {"x": x}


@task("local:1m")
def tell(x: dict[str, int]) -> str:
    return str(x)


@task("local:1m")
def picky(x: int) -> str | Discard[dict[str, int]]:
    return str(x) if x else Discard({"x": x})


@task("local:1m")
def picky_or_none(x: int) -> str | Discard[None] | None:
    return str(x) if x else Discard()


@task("local:1m")
def picky_start() -> int | Discard[Any]:
    return 3


@task("local:1m", name="pair", folder="work/{key}")
def pair(x: int) -> tuple[int, str]:
    return x, str(x)


@task("local:1m")
def join(x: tuple[int, str]) -> str:
    return x[1] * x[0]


@task("local:1m")
def join_three(x: tuple[int, str, float]) -> str:
    return x[1] * x[0]


@task("local:1m")
def join_four(x: tuple[int, str, int, str]) -> str:
    return x[1] * x[0]


@task("local:1m")
def numbers(x: int) -> list[int]:
    return [x]


@task("local:1m")
def words(x: int) -> list[str]:
    return [str(x)]


@task("local:1m")
def wide(x: int) -> Width[int]:
    return Width(3, x)


@task("local:1m")
def listed_or_wide(x: int) -> list[int] | Width[int]:
    return Width(3, x)


@task("local:1m")
def only_wide(x: int) -> Width[None]:
    return Width(3)


@task("local:1m")
def total(x: list[int]) -> int:
    return sum(x)


@task("local:1m")
def mean(x: Sequence[float]) -> float:
    return sum(x)


@task("local:1m")
def totals(x: list[list[int]]) -> int:
    return len(x)


@task("local:1m")
def improve(x: int) -> Continue[int] | Stop[str]:
    return Continue(x + 1) if x < 9 else Stop(str(x))


@task("local:1m")
def improve_or_discard(x: int) -> Continue[int] | Stop[str] | Discard[None]:
    return Continue(x + 1) if x < 9 else Discard()


@task("local:1m")
def endless(x: int) -> Continue[int]:
    return Continue(x)


@task("local:1m")
def once(x: int) -> Stop[str]:
    return Stop(str(x))


@task("local:1m")
def astray(x: int) -> Continue[str] | Stop[int]:
    return Continue(str(x))


@task("local:1m")
def left(x: tuple[int, str]) -> Continue[int] | Stop[float]:
    return Stop(1.0)


@task("local:1m")
def right(x: tuple[int, str]) -> Continue[str] | Stop[int]:
    return Stop(1)


@task("local:1m")
def floats(x: tuple[float, int]) -> float:
    return x[0]


@task("local:1m")
def pick(x: int) -> Choose[str, int]:
    return Choose("a", x)


@task("local:1m")
def pick_letter(x: int) -> Choose[Literal["a", "b"], int]:
    return Choose("a", x)


@task("local:1m")
def pick_number(x: int) -> Choose[int, int]:
    return Choose(1, x)


@task("local:1m")
def pick_word(x: int) -> Choose[str, str]:
    return Choose("a", "b")
