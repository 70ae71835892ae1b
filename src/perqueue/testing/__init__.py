"""Checks that come with perqueue, for its own tests and for those of packages that extend it."""
