"""What commands do: change entries, make queues, run and simulate scripts, and watch what comes of it."""
