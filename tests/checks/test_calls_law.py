"""The law of calls: an error is found exactly where Python would refuse the call."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.checks.submissions import found

_NAMES = st.lists(st.sampled_from("abcd"), unique=True)


@st.composite
def signatures(draw: st.DrawFn) -> str:
    """A list of parameters in any valid order and of any kind."""
    names = draw(st.permutations("abcd"))[: draw(st.integers(0, 4))]
    split = draw(st.integers(0, len(names)))
    positional, keyword = names[:split], names[split:]
    defaults = draw(st.integers(0, split))
    parts = [name if i < split - defaults else f"{name}=0" for i, name in enumerate(positional)]
    if draw(st.booleans()) and positional:
        parts.insert(draw(st.integers(1, split)), "/")
    if keyword:
        endings = [draw(st.sampled_from(["", "=0"])) for _ in keyword]
        parts += ["*", *map(str.__add__, keyword, endings)]
    open_ended: bool = draw(st.booleans())
    return ", ".join([*parts, "**other"] if open_ended else parts)


@given(signature=signatures(), args=_NAMES, returned=_NAMES)
def test_errors_are_the_calls_that_python_refuses(signature: str, args: list[str], returned: list[str]) -> None:
    """With all that is given known, a call is found fault with if and only if it raises TypeError."""
    scripts = {
        "a": f"def main():\n    return True, {dict.fromkeys(returned, 1)!r}\n",
        "b": f"def main({signature}):\n    return True, None\n",
    }
    space: dict[str, Any] = {}
    exec(scripts["b"], space)
    try:
        space["main"](**dict.fromkeys([*args, *returned]))
        refused = False
    except TypeError:
        refused = True
    with tempfile.TemporaryDirectory() as folder:
        findings = found(Path(folder), scripts, lambda t: [t["a"], t.task("b", dict.fromkeys(args, 0))])
    assert [one.severity for one in findings if one.severity != "error"] == []
    assert bool(findings) == refused
