"""What a scenario is, and how it is read: the world in which a campaign is simulated.

- ``scenario`` holds rules for tasks and groups, mishaps, and machines, and finds the rule that a name goes by;
- ``reading`` makes one from TOML, and tells what is wrong with it;
- ``spans`` are its times, amounts and counts, fixed or drawn from a distribution;
- ``chance`` is what they are drawn with: a hash of the seed and of what it is drawn for.

Nothing here knows of a simulation.
"""
