"""How executors, stores and more are found: the hooks, and the typed manager."""
