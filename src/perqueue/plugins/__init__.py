"""How executors, stores and more are found: descriptors, hookspecs and the typed manager."""
