"""The command line: ``pq``, also installed as ``perqueue`` and as ``python -m perqueue``."""

from __future__ import annotations


def main() -> None:
    """Run the command that the process's arguments name, and exit with its status."""
    from .app import main as run  # so that importing a part of the package imports no typer

    run()
