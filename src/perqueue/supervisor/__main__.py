"""``python -P -m perqueue.supervisor ROOT``: forks at once, so that whoever started it need not wait or reap."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    os.setsid()
    from perqueue.supervisor.loop import main

    sys.exit(main(sys.argv[1]))
