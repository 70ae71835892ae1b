"""The local executor's process on the queue's home host: one per queue, there only while there is something to do."""
