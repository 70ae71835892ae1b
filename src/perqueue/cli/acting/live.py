"""Progress while work goes on: one line for each change, or on a terminal a picture that is drawn anew."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from perqueue.core.states import EntryState
from perqueue.views.progress import Change, Progress

from ..printing import duration, on_terminal, one_line, put

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

_RUNNING: Final = 8
"""So many running entries are named."""
_REDRAW: Final = 0.25
"""Seconds between two pictures."""
_STYLES: Final = {
    EntryState.succeeded: "green",
    EntryState.discarded: "magenta",
    EntryState.axed: "magenta",
    EntryState.failed: "red",
    EntryState.timeout: "red",
    EntryState.running: "yellow",
    EntryState.queueing: "blue",
    EntryState.goahead: "cyan",
    EntryState.waiting: "bright_black",
}


class Display(Protocol):
    """Shows progress. Used as a context: whatever happens inside, the terminal is left as it was."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        ...

    def show(self, queues: Sequence[Progress], changes: Sequence[Change]) -> None:
        """Show how it stands, and what has just changed."""
        ...


def display(*, changes_only: bool = False) -> Display:
    """What suits stdout; ``changes_only``: the states that entries have at the first look are no news."""
    return _Picture() if on_terminal() else _Lines(first=not changes_only)


class _Lines:
    """A line for each change of state, as plain text."""

    def __init__(self, *, first: bool) -> None:
        self._tell = first

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put back."""

    def show(self, queues: Sequence[Progress], changes: Sequence[Change]) -> None:  # noqa: ARG002  # the protocol's
        """Print the changes."""
        if self._tell:
            for change in changes:
                message = f": {one_line(change.message)}" if change.message else ""
                put(f"{change.key} {one_line(change.name)} {change.state}{message}")
            sys.stdout.flush()
        self._tell = True


class _Picture:
    """A bar, the counts, and what runs, drawn anew on the terminal."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._drawn = 0.0
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        # What stays on the terminal is what is printed at the end, not the last picture.
        self._live = Live(console=Console(), auto_refresh=False, transient=True)
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def show(self, queues: Sequence[Progress], changes: Sequence[Change]) -> None:
        """Draw, and leave a line above for each entry that came to grief."""
        if self._live is None:
            return
        from rich.text import Text

        for change in changes:
            if change.state in (EntryState.failed, EntryState.timeout):
                line = f"{change.key} {one_line(change.name)} {change.state}: {one_line(change.message)}"
                self._live.console.print(Text(line, style="red"))
        if time.monotonic() - self._drawn >= _REDRAW:
            self._drawn = time.monotonic()
            self._live.update(self._picture(queues), refresh=True)

    def _picture(self, queues: Sequence[Progress]) -> Group:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        counts: Counter[EntryState] = sum((queue.counts for queue in queues), Counter())
        total, done = sum(counts.values()), sum(counts[state] for state in EntryState if state.settled)
        top = Table.grid(padding=(0, 1))
        top.add_row(
            ProgressBar(total=max(total, 1), completed=done, width=32, complete_style="green", finished_style="green"),
            Text(f"{done}/{total}"),
            _counts(counts),
            Text(duration(time.monotonic() - self._began), style="bright_black"),
        )
        table = Table.grid(padding=(0, 2))
        now = time.time()
        for queue in queues:
            for entry in queue.running(_RUNNING):
                since = "" if entry.started is None else duration(now - entry.started)
                table.add_row(Text(f"{entry.key:>6}"), Text(one_line(entry.name)), Text(since, style="yellow"))
        more = counts[EntryState.running] - table.row_count
        if more > 0:
            table.add_row("", Text(f"and {more} more", style="bright_black"), "")
        return Group(top, table)


def _counts(counts: Counter[EntryState]) -> Text:
    from rich.text import Text

    parts = [(f"{counts[state]} {state}", _STYLES.get(state, "")) for state in EntryState if counts[state]]
    return Text("  ").join(Text(words, style=style) for words, style in parts)
