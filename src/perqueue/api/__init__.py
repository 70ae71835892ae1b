"""What scripts call: the public Task, the queue, entries and selections."""

from .mistakes import tell_briefly

tell_briefly()
