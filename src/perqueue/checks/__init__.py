"""Checks of what is submitted before anything runs: scripts are read as syntax, never executed."""
