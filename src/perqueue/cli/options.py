"""The options that several commands have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

Ids: TypeAlias = Annotated[str | None, typer.Option("-i", "--ids", metavar="KEYS", help="Keys, such as 1,3-5.")]
Jobs: TypeAlias = Annotated[
    str | None, typer.Option("-m", "--mq-ids", metavar="IDS", help="The scheduler's job ids, such as 812,900-910.")
]
Names: TypeAlias = Annotated[
    str | None, typer.Option("-n", "--names", metavar="NAMES", help="Names: globs or regular expressions, by commas.")
]
States: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "-s",
        "--states",
        metavar="LETTERS",
        help="Letters of states: waiting, goahead, queueing, running, succeeded, discarded, failed, timeout by their "
        "first letter, axed by x, undefined by u.",
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="JSON for programs; data as they are stored.")]
Key: TypeAlias = Annotated[int, typer.Argument(metavar="ID", help="Key of the entry, as `pq ls` shows it.")]
