"""What is said to somebody whose test of a plugin lacks what the contract can't know."""

from __future__ import annotations


class MissingPartError(NotImplementedError):
    """A contract was subclassed without saying what is tested.

    Args:
        case: The test.
        part: The method or attribute that it lacks, as it is written.
        what: What that returns or is, as a sentence goes on.
        example: A line that does so.
    """

    def __init__(self, case: object, part: str, what: str, example: str) -> None:
        self.part = part
        kind = "a method" if "(" in part else "an attribute"
        super().__init__(f"{type(case).__name__} needs {kind} {part} that {what}; for example: {example}")
