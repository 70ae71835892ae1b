"""A batch system as an executor plugin: everything but its dialect is the same for all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from perqueue.config import Config

from ..protocol import Assignment, ExecutorPlugin, Site, Tried
from .dialect import NOT_THERE, Answer, Command, Dialect

if TYPE_CHECKING:
    from .executor import BatchExecutor


def batch_plugin(name: str, summary: str, dialect: Callable[[], Dialect], *, explains: bool = False) -> ExecutorPlugin:
    """The plugin for a batch system.

    Args:
        name: What configuration calls it.
        summary: One line for listings.
        dialect: Makes its dialect.
        explains: Whether it always says why it ended a job.
    """

    def start(site: Site, config: Config) -> BatchExecutor:
        from .executor import BatchExecutor

        return BatchExecutor(site, config, dialect(), explains=explains)

    def check(config: Config) -> Iterable[Tried]:
        return try_out(dialect(), config)

    def scripts(site: Site, config: Config, assignments: Sequence[Assignment]) -> Sequence[str]:
        return scripts_of(dialect(), site, config, assignments)

    return ExecutorPlugin(name, summary, start, check=check, scripts=scripts)


def try_out(dialect: Dialect, config: Config) -> Iterable[Tried]:
    """Ask a scheduler whether it can be used here, and for the partitions that are configured."""
    partitions = [part for part in config.partitions.values() if part.executor == dialect.name]
    folder = config.options(dialect.name).bin
    for number, (title, command) in enumerate(dialect.tries(partitions)):
        answer = ask(command, folder)
        if answer.status == NOT_THERE and not number:
            where = config.origin("executors", dialect.name, "bin")
            told = f"{where} is {folder!r}" if folder else f"{where} may name the folder of its commands"
            yield Tried(title, works=False, found=f"{answer.err.strip()}; {told}")
            return  # the others are not there either
        yield from (Tried(*one) for one in dialect.tried(title, answer, partitions))


def ask(command: Command, bin: str | None) -> Answer:  # noqa: A002  # the configuration's word
    """Run one command and wait for its answer."""
    from .commands import Commands, Errand
    from .surroundings import scheduler_env

    commands, answers = Commands(bin), list[Answer]()
    commands.send(Errand(command, answers.append, scheduler_env(os.environ)))
    while not answers:
        commands.go_on()
        time.sleep(0 if answers else commands.patience())
    return answers[0]


def scripts_of(dialect: Dialect, site: Site, config: Config, assignments: Sequence[Assignment]) -> list[str]:
    """The scripts that would be submitted for attempts that become ready at once."""
    from .batches import alike, batch_of
    from .folders import BatchFolders
    from .submitting import USUAL_ARRAY

    most = config.options(dialect.name).max_array or USUAL_ARRAY
    folders = BatchFolders(site.root, dialect.name)
    found = []
    for equal in alike(assignments):
        for start in range(0, len(equal), most):
            part = equal[start : start + most]
            tag = f"pq-{site.queue[:12]}-{part[0].job.key}.{part[0].job.attempt}"
            found.append(dialect.script(batch_of(tag, part, config, folders)))
    return found
