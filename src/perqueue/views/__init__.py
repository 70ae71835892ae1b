"""What a queue looks like: as a graph, as a picture."""
