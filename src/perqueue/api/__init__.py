"""What scripts call: the public Task, the queue, entries and selections."""
