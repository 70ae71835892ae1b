"""Old names: what PerQueue's scripts import to exchange workflows with other tools."""
