"""The keys that decide groups: what answers say under them, and what the planner can read under them."""

from __future__ import annotations

import sys
from operator import index

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from perqueue.core.answers import Answer

# As in core.keys, which imports typing.
VALUE_KW: Final = "pq_value"
MAXTRIES_KW: Final = "pq_max_tries"
CYCLICALGROUP_KEY: Final = "pq_toggle_key"
DYNAMICWIDTHGROUP_KEY: Final = "pq_dwg_width"
SWITCHGROUP_KEY: Final = "pq_switch_key"
CONTROL_KEYS: Final = (CYCLICALGROUP_KEY, DYNAMICWIDTHGROUP_KEY, MAXTRIES_KW, SWITCHGROUP_KEY)

_ANSWERS: Final = "perqueue.core.answers"


def answer_in(value: object) -> Answer[Any] | None:
    """The value, if it is an answer. Who never imported answers has none, and does not pay for them."""
    answers = sys.modules.get(_ANSWERS)
    if answers is None or not isinstance(value, answers.Answer):
        return None
    found: Answer[Any] = value
    return found


def said_by(answer: Answer[Any]) -> dict[str, object] | None:
    """What an answer says under the keys that decide groups; None if it discards."""
    answers: Any = sys.modules[_ANSWERS]
    if isinstance(answer, answers.Discard):
        return None
    if isinstance(answer, answers.Stop | answers.Continue):
        return {CYCLICALGROUP_KEY: isinstance(answer, answers.Stop)}
    said: Any = answer
    if isinstance(answer, answers.Width):
        return {DYNAMICWIDTHGROUP_KEY: said.n}
    return {SWITCHGROUP_KEY: said.key}


def with_plain_controls(data: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The data, with plain values under the keys that decide groups; it is copied only where that changes one.

    What can't be made plain stays, and the planner says what it should have been.
    """
    for key in CONTROL_KEYS:
        if key in data:
            value = data[key]
            plain = _plain(key, value)
            if plain is not value:
                data = {**data, key: plain}
    return data


def _plain(key: str, value: Any) -> Any:
    kind = type(value)
    if kind is bool or kind is int or kind is str:
        return value
    if key == SWITCHGROUP_KEY and hasattr(kind, "__members__"):  # an Enum
        return value.value if isinstance(value.value, str | int) else value
    if isinstance(getattr(value, "shape", None), tuple) and value.shape == () and hasattr(value, "item"):
        value = value.item()  # numpy's scalars and arrays without dimensions, and others that are like them
    if key == CYCLICALGROUP_KEY or isinstance(value, bool):
        return value
    if key == SWITCHGROUP_KEY and isinstance(value, str):
        return str.__str__(value)
    try:
        return index(value)
    except TypeError:
        return value
