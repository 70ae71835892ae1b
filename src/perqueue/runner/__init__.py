"""Runs one attempt of one entry where an executor put it, and leaves one outcome file behind.

Nothing here needs the database, numpy or attrs: a process that runs a task starts in milliseconds and
can't be stopped by a lock. ``job`` says what to run, ``task`` runs it in its own process, ``spool`` holds the
claims and outcomes, and ``forkserver`` does it cheaply for many tasks on one machine.
"""
