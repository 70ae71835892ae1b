"""The commands that only read, as the command line declares them; what they do is in modules of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from ..options import Ids, Jobs, Json, Key, Names, States


def ls(
    ids: Ids = None,
    mq_ids: Jobs = None,
    names: Names = None,
    states: States = None,
    count: Annotated[bool, typer.Option("-C", "--count", help="Only the line of counts.")] = False,
    error: Annotated[bool, typer.Option("-e", "--error", help="A column with what went wrong.")] = False,
    hide_data: Annotated[bool, typer.Option("-d", "--hide-data", help="Without the column of data.")] = False,
    tree: Annotated[bool, typer.Option("--tree", help="Under their groups, by copy, iteration and branch.")] = False,
    unfold: Annotated[bool, typer.Option("--all", help="With --tree: every copy of wide groups.")] = False,
    as_json: Json = False,
) -> None:
    """List entries (also: pq list).

    With -i, what depends on those entries is listed too. A terminal gets what fits its width; a pipe gets one line
    for each entry, with up to 200 characters in a column. A tree shows the first copies of wide groups, the last
    iterations of long loops, and whatever failed; --all shows the rest.

    \b
      pq ls                      everything
      pq ls -s rf -e             what runs and what failed, and why
      pq ls -i 1,3-5             these, and what depends on them
      pq ls -n 'relax*' -d       by name, without data
      pq ls --tree -s rf         what runs and what failed, under the groups that it is in
      pq ls -C                   succeeded: 44. Total: 44
    """
    from ..showing.listing import show_list

    show_list(
        ids,
        mq_ids,
        names,
        states,
        count=count,
        error=error,
        data=not hide_data,
        tree=tree,
        unfold=unfold,
        as_json=as_json,
    )


def info(as_json: Json = False) -> None:
    """Tell what queue this is and who drives it.

    \b
      pq info
      pq info --json
    """
    from ..showing.facts import show_info

    show_info(as_json=as_json)


def show(key: Key, as_json: Json = False) -> None:
    """Show everything about an entry.

    Its task, its inputs and where they came from, its result, its attempts, and why it waits.

    \b
      pq show 7
      pq show 7 --json
    """
    from ..showing.entry import show_entry

    show_entry(key, as_json=as_json)


def logs(
    key: Key,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on printing until the attempt ends.")] = False,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", help="Of this attempt, not of the newest.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what an entry printed.

    \b
      pq logs 7                  of its newest attempt
      pq logs 7 --attempt 1      of its first
      pq logs 7 -f               as it comes, until it ends
    """
    from ..showing.logs import show_logs

    show_logs(key, attempt, follow=follow, as_json=as_json)


def history(
    key: Annotated[int | None, typer.Argument(metavar="[ID]", help="Only what was about this entry.")] = None,
    as_json: Json = False,
) -> None:
    """Show what happened, in order.

    \b
      pq history
      pq history 7
    """
    from ..showing.history import show_history

    show_history(key, as_json=as_json)


def inspect(
    key: Annotated[int | None, typer.Argument(metavar="[ID]", help="Only the submission with this entry.")] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write a .png, .svg or .mmd (Mermaid) file.")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Only what may happen: each group's tasks once, with the group's rule.")
    ] = False,
    instance: Annotated[
        bool, typer.Option("--instance", help="Only what did happen: copies, iterations, chosen branches.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draw what depends on what.

    The states are in colour; what is not known yet, such as the copies of a dynamic group, is drawn dashed, as it was
    described. Without -o it prints Mermaid text, which many editors and web sites draw. Copies of a task in a wide
    group become one box when there are more than 60 entries.

    \b
      pq inspect -o graph.png    everything, as a picture
      pq inspect 7 -o graph.svg  the submission that entry 7 belongs to
      pq inspect 7 --template    what may happen, as Mermaid text
      pq inspect 7 --instance    what did
    """
    from ..showing.picture import show_graph

    show_graph(key, output, template=template, instance=instance, as_json=as_json)


COMMANDS: Final[dict[str, Callable[..., Any]]] = {
    "ls": ls,
    "info": info,
    "show": show,
    "logs": logs,
    "history": history,
    "inspect": inspect,
}
