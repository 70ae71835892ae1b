"""The tick, and all that surrounds it: where a queue lives, who moves it, what users ask of it."""
