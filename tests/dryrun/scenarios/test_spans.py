"""How long and how many: every distribution, from one evenly distributed number."""

from __future__ import annotations

import math
import statistics
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.dryrun.scenarios import chance as chance_
from perqueue.dryrun.scenarios.chance import chance
from perqueue.dryrun.scenarios.spans import Amount, Counts, Shape, Span, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1.5h", 5400),
        ("2d", 172800),
        ("0s", 0),
        ("10", None),
        ("2h30m", None),
        ("-1s", None),
    ],
)
def test_times(text: str, seconds: float | None) -> None:
    """A time is a number and one of s, m, h, d; anything else is none."""
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    ("span", "drawn", "seconds"),
    [
        (Span(Shape.fixed, (Amount(30),)), 0.9, 30),
        (Span(Shape.fixed, (Amount(0.5, relative=True),)), 0.9, 50),
        (Span(Shape.uniform, (Amount(10), Amount(20))), 0.25, 12.5),
        (Span(Shape.normal, (Amount(10), Amount(3))), 0.5, 10),
        (Span(Shape.normal, (Amount(10), Amount(300))), 0.001, 0),
        (Span(Shape.lognormal, (Amount(10),), 0.7), 0.5, 10),
        (Span(Shape.exponential, (Amount(10),)), 1 - math.exp(-2), 20),
    ],
)
def test_each_distribution(span: Span, drawn: float, seconds: float) -> None:
    """The drawn number is the quantile of the distribution, for a walltime of 100 s; times are never below 0."""
    assert span.seconds(100, drawn) == pytest.approx(seconds)


_LARGEST = 1e9


@pytest.mark.parametrize(
    "span",
    [
        Span(Shape.fixed, (Amount(_LARGEST, relative=True),)),
        Span(Shape.uniform, (Amount(0), Amount(_LARGEST, relative=True))),
        Span(Shape.normal, (Amount(_LARGEST), Amount(_LARGEST))),
        Span(Shape.lognormal, (Amount(_LARGEST),), _LARGEST),
        Span(Shape.lognormal, (Amount(0),), _LARGEST),
        Span(Shape.exponential, (Amount(_LARGEST),)),
    ],
    ids=lambda span: str(span.shape),
)
def test_the_largest_numbers(span: Span, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever chance gives, each distribution gives a time, be it infinite."""
    for byte in (b"\0", b"\x80", b"\xff"):
        monkeypatch.setattr(
            chance_, "blake2b", lambda *_, digest=byte * 8, **__: SimpleNamespace(digest=lambda: digest)
        )
        drawn = chance(0)
        assert 0 < drawn < 1
        assert span.seconds(1e9, drawn) >= 0
    if span.shape is Shape.lognormal:
        assert span.seconds(1e9, drawn) == (math.inf if span.amounts[0].number else 0)


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_counts_in_a_range(low: int, more: int, drawn: float) -> None:
    """A range gives whole numbers between its ends, both included."""
    assert low <= Counts(between=(low, low + more)).count(0, drawn) <= low + more


@pytest.mark.parametrize(("position", "count"), [(0, 3), (1, 2), (2, 1), (3, 3), (7, 2)])
def test_lists_begin_anew(position: int, count: int) -> None:
    """A list is taken one by one, and over again."""
    assert Counts((3, 2, 1)).count(position, 0.5) == count


def test_chance_is_even_and_always_the_same() -> None:
    """The same seed and thing give the same number; different things give evenly distributed ones."""
    drawn = [chance(7, "duration", number) for number in range(4000)]
    assert drawn == [chance(7, "duration", number) for number in range(4000)]
    assert all(0 < number < 1 for number in drawn)
    assert statistics.fmean(drawn) == pytest.approx(0.5, abs=0.03)
    assert chance(8, "duration", 0) != drawn[0]
