"""Somebody else's exceptions and values are told in a text, whatever their own methods do."""

from __future__ import annotations

import asyncio

import pytest

from perqueue.core.telling import describe_error, describe_value


class Broken(Exception):
    """An exception and a value whose texts can't be made."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __str__(self) -> str:
        raise self.error

    def __repr__(self) -> str:
        raise self.error


class Text(str):
    """A text that does nothing that texts do."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        raise AssertionError

    def __format__(self, spec: str) -> str:
        raise AssertionError


class Speaking(Exception):
    """An exception with such a text."""

    def __str__(self) -> str:
        return Text("well")


class NamelessKind(type):
    """The class of classes that have no name."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError


class Nameless(Exception, metaclass=NamelessKind):
    """An exception whose class has no name."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no luck"), "ValueError: no luck"),
        (SystemExit(3), "SystemExit: 3"),
        (Broken(RuntimeError()), "Broken: (its message can't be told: making it raised RuntimeError)"),
        (Broken(asyncio.CancelledError()), "Broken: (its message can't be told: making it raised CancelledError)"),
        (Broken(Nameless()), "Broken: (its message can't be told: making it raised an exception)"),
        (Nameless("x"), "an exception whose class has no name: x"),
        (Speaking(), "Speaking: well"),
        (ValueError("\udcff"), "ValueError: \\udcff"),
    ],
)
def test_an_error(error: BaseException, told: str) -> None:
    """Class and message, as a plain text that any file takes."""
    found = describe_error(error)
    assert found == told
    assert type(found) is str


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "None"), ("a", "'a'"), (Broken(RuntimeError()), "<Broken>"), (Nameless("x"), "Nameless('x')")],
)
def test_a_value(value: object, told: str) -> None:
    """Its repr, or its class where that can't be made."""
    assert describe_value(value) == told


def test_a_long_text() -> None:
    """It is cut, and says how long it was."""
    found = describe_error(ValueError("x" * 10**6))
    assert len(found) < 2100
    assert found.endswith("… (1000000 characters)")


def test_an_interrupt() -> None:
    """Somebody at the terminal is heard."""
    with pytest.raises(KeyboardInterrupt):
        describe_error(Broken(KeyboardInterrupt()))
