"""Dry runs: what a campaign would do, worked out by the real planner in memory with a virtual clock.

The way of the data:

1. A script submits under ``mode``, and nothing is stored: ``session`` stands for its queue. ``recording`` tells the
   command what the script did, a line each.
2. ``scenarios`` reads what the campaign's world is like: times, counts, mishaps, machines.
3. ``play`` hands both to ``playing``, which simulates the campaign to its end.
4. ``reports`` works out of the simulation's end what it came to, and writes it down.

``exploring`` simulates recorded submissions once for each of the ``ways`` that outcomes may fall, and tells what got
stuck. Each package knows only those before it, ``scenarios``, ``playing``, ``reports``, and of what stands here only
``errors`` and ``mode``.
"""
