"""The commands that change entries or make queues, as the command line declares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from ..options import Ids, Jobs, Names, States


def resubmit(ids: Ids = None, mq_ids: Jobs = None, names: Names = None, states: States = None) -> None:
    """Run settled entries again.

    By default those that failed or timed out. What depends on them runs again after them.

    \b
      pq resubmit                all that failed or timed out
      pq resubmit -i 3-5         these, whatever became of them
      pq resubmit -s d           what was discarded
    """
    from ..acting.changing import resubmit_entries

    resubmit_entries(ids, mq_ids, names, states)


def cancel(ids: Ids = None, mq_ids: Jobs = None, names: Names = None, states: States = None) -> None:
    """Give entries up.

    What runs is stopped, what waits fails. They stay in the list; `pq resubmit` revives them.

    \b
      pq cancel -i 7
      pq cancel -s rq            all that runs or is about to
    """
    from ..acting.changing import cancel_entries

    cancel_entries(ids, mq_ids, names, states)


def rm(
    ids: Ids = None,
    mq_ids: Jobs = None,
    names: Names = None,
    states: States = None,
    everything: Annotated[bool, typer.Option("--all", help="Every entry of the queue.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Don't ask.")] = False,
) -> None:
    """Forget entries (also: pq remove).

    Whatever depends on them goes too, and what runs is stopped. It says how many would go, and asks. Files that tasks
    wrote stay where they are.

    \b
      pq rm -i 7
      pq rm -s dx --yes          all discarded and axed ones, unasked
      pq rm --all
    """
    from ..acting.changing import remove_entries

    remove_entries(ids, mq_ids, names, states, everything=everything, yes=yes)


def modify(
    what: Annotated[str, typer.Argument(metavar="a|r|c", help="a: arguments, r: resources, c: the script's path.")],
    given: Annotated[
        str | None,
        typer.Argument(metavar="[INPUT]", help="A JSON file, a resource string, or a path; none opens $EDITOR."),
    ] = None,
    ids: Ids = None,
    everywhere: Annotated[
        bool, typer.Option("--all", help="Every entry of the same task, and those yet to be made.")
    ] = False,
) -> None:
    """Change what entries run.

    It counts from their next attempt on. An entry that is running has to be cancelled first.

    \b
      pq modify a -i 7 new.json  its arguments, from a file
      pq modify a -i 7           its arguments, in $EDITOR
      pq modify r -i 7 24:xeon24:2h
      pq modify c -i 7 relax2.py --all
    """
    from ..acting.editing import modify_entries

    modify_entries(what, given, ids, everywhere=everywhere)


def init(
    where: Annotated[str, typer.Argument(metavar="[FOLDER]", help="The current folder by default.")] = ".",
    folder: Annotated[
        bool, typer.Option("--folder", help="Make it in this folder; that is so anyway (for PerQueue's scripts).")
    ] = False,
    backend: Annotated[
        str | None,
        typer.Option("-b", "--backend", metavar="STORE", help="What keeps its state: sqlite (the usual one) or json."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="If the folder has a queue, move it aside (to .perqueue.old-DATE).")
    ] = False,
) -> None:
    """Make a queue in a folder. There is no need to: the first submission makes one too.

    A queue in a folder above is left alone.

    \b
      pq init
      pq init -b json            state in files to read and to diff
      pq init --force            begin anew, keeping the old queue under another name
    """
    from ..acting.making import make_queue

    del folder
    make_queue(where, backend, force=force)


def migrate(
    to: Annotated[str, typer.Option("--to", metavar="STORE", help="What is to keep its state: sqlite or json.")],
) -> None:
    """Move the queue to another kind of store, history and all.

    Nothing may be with an executor meanwhile. The copy is compared with the original before it counts, and the old
    files are kept.

    \b
      pq migrate --to json
    """
    from ..acting.migrating import migrate_queue

    migrate_queue(to)


COMMANDS: Final[dict[str, Callable[..., Any]]] = {
    "resubmit": resubmit,
    "cancel": cancel,
    "modify": modify,
    "rm": rm,
    "init": init,
    "migrate": migrate,
}
