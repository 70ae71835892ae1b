"""What a simulation came to, and the forms in which it is told.

- ``report`` works it out as values, and ``stuck`` what waits for ever in it, and why;
- ``text`` makes lines for people, ``data`` JSON for programs;
- ``gantt`` draws the timeline, and ``kinds`` knows its kinds of files without importing what draws;
- ``scripts`` writes the batch scripts that executors would submit;
- ``limits`` holds a report against what is allowed.
"""
