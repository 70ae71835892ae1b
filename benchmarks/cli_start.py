"""How much longer ``pq --help`` and ``pq ls`` of an empty queue take than a bare typer program that prints the same.

    python benchmarks/cli_start.py [REPEATS]

Prints, for each, both medians in milliseconds and the median of the ratios of runs made side by side. The bare program
declares the same commands (for ``ls``: the same options) with the same help, and nothing else.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HELP = '''
import typer

app = typer.Typer(rich_markup_mode=None, context_settings={{"help_option_names": ["-h", "--help"]}})


@app.callback()
def top(
    version: bool = typer.Option(False, "--version", help="Say which version this is."),
    settings: list[str] = typer.Option(
        None, "--set", metavar="KEY=VALUE", help="A setting, such as local.cores=2; may be repeated."
    ),
    executor: str = typer.Option(None, "--executor", metavar="NAME", help="Where everything runs: local or dry-run."),
):
    """{top}"""


for name, words in {commands!r}.items():
    def command():
        pass
    command.__doc__ = words
    app.command(name)(command)
app(prog_name="pq")
'''

LS = '''
from typing import Optional

import typer

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def top(version: bool = typer.Option(False, "--version", help="Say which version this is.")):
    """A bare program."""


@app.command()
def ls(
    ids: Optional[str] = typer.Option(None, "-i", "--ids"),
    mq_ids: Optional[str] = typer.Option(None, "-m", "--mq-ids"),
    names: Optional[str] = typer.Option(None, "-n", "--names"),
    states: Optional[str] = typer.Option(None, "-s", "--states"),
    count: bool = typer.Option(False, "-C", "--count"),
    error: bool = typer.Option(False, "-e", "--error"),
    hide_data: bool = typer.Option(False, "-d", "--hide-data"),
    as_json: bool = typer.Option(False, "--json"),
):
    print({text!r}, end="")


app(prog_name="pq")
'''


def main(repeats: int) -> None:
    """Measure both and print the ratios."""
    with tempfile.TemporaryDirectory(prefix="perqueue-bench-") as folder:
        script = Path(folder, "pq.py")  # what an installed `pq` is
        script.write_text("from perqueue.cli import main\n\nmain()\n")
        ours = [sys.executable, str(script)]
        _output([*ours, "init"], folder)
        bare_help, bare_ls = Path(folder, "bare_help.py"), Path(folder, "bare_ls.py")
        bare_help.write_text(HELP.format(top=_top(), commands=_commands()))
        bare_ls.write_text(LS.format(text=_output([*ours, "ls"], folder)))
        if (bare := _output([sys.executable, str(bare_help), "--help"], folder)) != (
            told := _output([*ours, "--help"], folder)
        ):
            raise SystemExit(f"the bare program prints something else:\n{bare}\n{told}")
        for name, our_arguments, bare_arguments in (
            ("pq --help", ["--help"], [str(bare_help), "--help"]),
            ("pq ls", ["ls"], [str(bare_ls), "ls"]),
        ):
            _compare(name, [*ours, *our_arguments], [sys.executable, *bare_arguments], folder, repeats)


def _compare(name: str, ours: list[str], bare: list[str], folder: str, repeats: int) -> None:
    _seconds(ours, folder), _seconds(bare, folder)  # both warm
    pairs = []
    for turn in range(repeats):
        # Who goes first changes, so that what the machine does besides meets both alike.
        first, second = (ours, bare) if turn % 2 else (bare, ours)
        times = {id(first): _seconds(first, folder)}
        times[id(second)] = _seconds(second, folder)
        pairs.append((times[id(ours)], times[id(bare)]))
    ratio = statistics.median(a / b for a, b in pairs)
    a, b = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    print(f"{name:<10} {a:6.0f} ms, bare {b:6.0f} ms, ratio {ratio:.2f}")


def _seconds(command: list[str], folder: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _output(command: list[str], folder: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def _commands() -> dict[str, str]:
    from perqueue.cli import app

    found = {}
    for name in app.COMMANDS:
        if name not in app.ALIASES:
            module = __import__(f"perqueue.cli.commands.{app.COMMANDS[name]}", fromlist=["COMMANDS"])
            found[name] = module.COMMANDS[name].__doc__ or ""
    return found


def _top() -> str:
    from perqueue.cli import app

    return app.top.__doc__ or ""


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
