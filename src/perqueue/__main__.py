"""``python -m perqueue``: the command line, of this very interpreter."""

from __future__ import annotations

from perqueue.cli import main

if __name__ == "__main__":
    main()
