"""Every ``pq`` command line in the documentation is one that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final

import pytest
import typer
from tests.docs.markdown import PAGES, blocks, inline_code

from perqueue.cli.app import build, run

_SEPARATOR: Final = re.compile(r"&&|\|\||;|\n")


def _lines() -> Iterator[str]:
    """All command lines, without the program's name: from blocks of shell and plain text, and from running text."""
    for page in PAGES:
        texts = [block.text for block in blocks(page) if block.language in ("", "sh")]
        for part in [*(part for text in texts for part in _SEPARATOR.split(text)), *inline_code(page)]:
            if " " not in part.strip() or not re.match(r"(\S*/)?pq ", part.strip()):
                continue
            program, *arguments = shlex.split(part, comments=True)
            assert PurePath(program).name == "pq"
            yield shlex.join(arguments)


LINES: Final = sorted(set(_lines()))
NAMED: Final = sorted({line.split(" ")[0] for line in LINES})


def _is_help(error: Exception) -> bool:
    """Whether the parser left after it had printed its help; its classes differ between versions of typer."""
    return getattr(error, "exit_code", None) == 0


def test_there_are_command_lines() -> None:
    """The documentation's command lines are found: some for each of the most used commands."""
    assert {"run", "ls", "show", "logs", "resubmit", "cancel", "modify", "rm", "tick", "inspect"} <= set(NAMED)
    assert "run examples/pi/submit.py" in LINES


@pytest.mark.parametrize("name", NAMED)
def test_the_command_exists(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its help is printed, with status 0."""
    assert run([name, "--help"]) == 0
    assert f"pq {name}" in capsys.readouterr().out


@pytest.mark.parametrize("line", LINES)
def test_the_command_line_parses(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its options exist, and its arguments are as many and of the kinds that the command takes."""
    name, *arguments = shlex.split(line)
    group: Any = typer.main.get_command(build())
    command = group.commands[name]
    if not arguments:  # a command that is only mentioned
        return
    try:
        command.make_context(f"pq {name}", arguments)
    except Exception as error:
        if not _is_help(error):
            raise


@pytest.mark.parametrize("line", ["ls --nonsense", "show seven", "show 1 2", "rm -i"])
def test_a_wrong_command_line_is_noticed(line: str) -> None:
    """An option that doesn't exist, and arguments that don't fit, would not pass for a command line."""
    name, *arguments = shlex.split(line)
    group: Any = typer.main.get_command(build())
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the parser's classes differ between versions of typer
        group.commands[name].make_context(f"pq {name}", arguments)
    assert not _is_help(caught.value)
