"""A campaign played to its end: submissions go in, and what ran where and when comes out.

- ``submissions`` are what goes in, also as text from one process to another;
- ``simulation`` is the clock, with the real planner and a store in memory;
- ``machines`` says where a task runs, and ``pool`` which nodes of a partition are free;
- ``outcomes`` says how an attempt ends, by a scenario, and ``given`` by what a test hands in;
- ``decisions`` reads off the graph which groups a result decides;
- ``chains`` carries the critical path along.

Nothing here knows how an outcome is reported.
"""
