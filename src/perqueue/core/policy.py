"""What a width group does about the copies that are lost."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeAlias

from attrs import frozen


class OnDiscard(StrEnum):
    """What a discard inside a copy does to what follows the group."""

    axe = "axe"
    """What follows the group is axed."""
    drop = "drop"
    """The copy is left out: what follows the group runs with the copies that are left, if there are any."""


@frozen
class Policy:
    """What a width group does about lost copies.

    Args:
        on_discard: What a discard inside a copy does.
        tolerate: How many copies may fail. What depends on a failed task inside them is axed, and the copy left out.
    """

    on_discard: OnDiscard = OnDiscard.axe
    tolerate: int = 0

    def __str__(self) -> str:
        said = [f"on_discard={self.on_discard}"] if self.on_discard is not OnDiscard.axe else []
        return ", ".join([*said, f"tolerate={self.tolerate}"] if self.tolerate else said)


STRICT: Final = Policy()
"""The default: a discard axes what follows the group, and a failure keeps it waiting."""

Key: TypeAlias = str | int
"""What names a branch of a switch."""
