"""perqueue: campaigns of calculations as values, run by a queue that never forgets."""
