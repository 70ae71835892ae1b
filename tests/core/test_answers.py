"""Answers as values: what they hold, that they can't be changed, and what is refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import pytest

from perqueue.core.answers import Answer, AnswerError, Choose, Continue, Discard, FrozenAnswerError, Stop, Width


class Kind(Enum):
    METAL = "metal"
    OTHER = 2.5


ANSWERS: list[tuple[Answer[Any], str, tuple[Any, ...]]] = [
    (Discard(), "Discard(None)", (None,)),
    (Discard({"x": 1}), "Discard({'x': 1})", ({"x": 1},)),
    (Stop(3), "Stop(3)", (3,)),
    (Stop(), "Stop(None)", (None,)),
    (Continue([1]), "Continue([1])", ([1],)),
    (Continue(), "Continue(None)", (None,)),
    (Width(3), "Width(3, None)", (3, None)),
    (Width(0, "a"), "Width(0, 'a')", (0, "a")),
    (Width(np.int64(2)), "Width(2, None)", (2, None)),
    (Choose("a"), "Choose('a', None)", ("a", None)),
    (Choose(1, {"x": 2}), "Choose(1, {'x': 2})", (1, {"x": 2})),
    (Choose(np.int32(4)), "Choose(4, None)", (4, None)),
    (Choose(Kind.METAL), "Choose('metal', None)", ("metal", None)),
]


@pytest.mark.parametrize(("answer", "text", "fields"), ANSWERS, ids=[text for _, text, _ in ANSWERS])
def test_an_answer_is_a_value(answer: Answer[Any], text: str, fields: tuple[Any, ...]) -> None:
    """It prints as it is written, equals another of its class with the same content, and can be sent elsewhere."""
    assert repr(answer) == text
    assert tuple(getattr(answer, name) for name in type(answer).__match_args__) == fields
    assert answer == type(answer)(*fields)
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert answer != fields
    if isinstance(answer.data, str | int | None):
        assert hash(answer) == hash(type(answer)(*fields))


def test_answers_of_different_classes_differ() -> None:
    """Stop and Continue with the same data are not the same."""
    assert Stop(1) != Continue(1)


def test_an_answer_can_be_taken_apart() -> None:
    """In a match statement, in the order in which it is written."""
    match Choose("a", 3):
        case Choose(key, data):
            assert (key, data) == ("a", 3)


def test_an_answer_can_not_be_changed() -> None:
    """Neither a field nor anything else of it."""
    answer = Width(2, "x")
    for name in ("n", "data", "z"):
        with pytest.raises(FrozenAnswerError, match=r"Width\(2, 'x'\) can't be changed"):
            setattr(answer, name, 3)
    with pytest.raises(FrozenAnswerError, match="make a new Width"):
        del answer.n


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: Width(-1), r"Width\(-1\): -1 is not a number of copies: give a whole number from 0"),
    (lambda: Width(True), r"Width\(True\): True is not a number of copies"),
    (lambda: Width("3"), r"Width\('3'\): '3' is not a number of copies"),  # type: ignore[call-overload]
    (lambda: Choose(1.5), r"Choose\(1.5\): a float names no branch: give a string or a whole number"),
    (lambda: Choose(True), r"Choose\(True\): a bool names no branch"),
    (lambda: Choose(Kind.OTHER), "a Kind names no branch"),
    (lambda: Stop(Continue(1)), r"Stop\(Continue\(1\)\): an answer can't hold another one: return the Continue"),
]


@pytest.mark.parametrize(("build", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refused(build: Callable[[], object], message: str) -> None:
    """What is no answer is refused where it is made."""
    with pytest.raises(AnswerError, match=message):
        build()


def test_types_may_be_written_in_annotations() -> None:
    """They are read by type checkers and tell people; at run time they are just kept."""
    either = Continue[int] | Stop[str]
    assert "Continue" in str(either)
    assert Choose[str, int].__args__ == (str, int)  # type: ignore[attr-defined]


def test_a_width_is_said_once() -> None:
    """Data that say another width would be dropped without a word, so they are refused; the same width may be there."""
    with pytest.raises(AnswerError) as caught:
        Width(2, {"pq_dwg_width": 3})
    assert str(caught.value) == "Width(2, ...): its data says 3 under 'pq_dwg_width': leave that out, or give 2"
    assert Width(2, {"pq_dwg_width": 2, "x": 1}).n == 2
