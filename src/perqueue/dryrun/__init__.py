"""Dry runs: what a campaign would do, worked out by the real planner in memory with a virtual clock."""
