"""Objects of users' classes: what is kept of them, and how their class is found again."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import attrs
import pytest

from perqueue.codec import DecodeError, Unstorable, decode, encode, no_blobs

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


@attrs.define
class Checked:
    a: int = attrs.field(validator=attrs.validators.instance_of(int))
    made: list[str] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.made.append("made")


@attrs.frozen(cache_hash=True)
class Cached:
    a: str


@dataclass
class Area:
    side: float
    later: float = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.side**2

    @functools.cached_property
    def handle(self) -> object:
        return object()


@dataclass
class Box(Generic[T]):
    content: T


class Outer:
    @attrs.frozen
    class Inner:  # noqa: D106
        a: int


@dataclass
class Grown:
    a: int
    b: list[int] = field(default_factory=list)
    c: int = 3


@attrs.define
class GrownAttrs:
    a: int
    b: list[int] = attrs.field(factory=list)
    c: int = attrs.field(default=attrs.Factory(lambda self: self.a + 1, takes_self=True))


class Pair(NamedTuple):
    a: int
    b: int


def back(value: Any) -> Any:
    return decode(encode(value, no_blobs), no_blobs)


def altered(value: object, change: Any) -> str:
    tree = json.loads(encode(value, no_blobs))
    change(next(iter(tree.values())))
    return json.dumps(tree)


def test_no_code_of_the_class_runs() -> None:
    """Neither validators nor post-init run: a state that __init__ would refuse or change comes back."""
    value = Checked(1)
    object.__setattr__(value, "a", "not an int")
    assert back(value) == value
    assert back(value).made == ["made"]


def test_cached_hash_is_not_carried_over() -> None:
    """A hash that attrs remembered is made anew, for another process hashes differently."""
    value = Cached("x")
    hash(value)
    assert hash(back(value)) == hash(value)
    assert back(value)._attrs_cached_hash is None


def test_attributes_beyond_the_fields_come_back() -> None:
    """What __post_init__ added is kept; cached properties are left to be computed again; unset fields stay unset."""
    value = Area(2.0)
    assert value.handle is value.handle
    again = back(value)
    assert again.size == 4.0
    assert "handle" not in vars(again)
    assert not hasattr(again, "later")


def test_generic_and_nested_classes() -> None:
    """A parametrised generic and a class inside a class are found by their names."""
    assert back(Box[int](3)) == Box(3)
    assert back(Outer.Inner(4)) == Outer.Inner(4)


def test_new_fields_get_their_defaults() -> None:
    """A field that the class got after the value was stored has its default, made for this object."""
    assert decode(altered(Grown(7), lambda t: (t["fields"].pop("b"), t["fields"].pop("c"))), no_blobs) == Grown(7)
    text = altered(GrownAttrs(7), lambda t: (t["fields"].pop("b"), t["fields"].pop("c")))
    assert decode(text, no_blobs) == GrownAttrs(7)


@pytest.mark.parametrize("value", [Grown(1), GrownAttrs(1), Pair(1, 2)], ids=["dataclass", "attrs", "namedtuple"])
def test_new_field_without_default_is_named(value: object) -> None:
    """Where a field can't be filled the error has the class, the field and the way out."""
    text = altered(value, lambda t: t["fields"].pop("a"))
    with pytest.raises(DecodeError, match=rf"{type(value).__name__}.*'a'.*give its new fields defaults"):
        decode(text, no_blobs)


def test_lost_field_is_named() -> None:
    """A stored field that a slotted class no longer has is an error, not a loss."""
    with pytest.raises(DecodeError, match="gone"):
        decode(altered(GrownAttrs(1), lambda t: t["fields"].update(gone=1)), no_blobs)


def test_a_text_can_name_no_other_code() -> None:
    """Only a class of the right kind is made: a text that names any other one is refused."""
    for name in ("subprocess:Popen", "builtins:dict", "os:system", "os:environ"):
        with pytest.raises(DecodeError):
            decode(altered(Grown(1), lambda t, name=name: t.update({"class": name, "file": None})), no_blobs)


def test_missing_class_is_named() -> None:
    """The error for a class that is gone names class, module and what to do."""
    text = altered(Grown(1), lambda t: (t.update({"class": "no_such_module:Thing"}), t.pop("file")))
    with pytest.raises(
        DecodeError, match=r"'Thing' of the module 'no_such_module'.*No module named.*install the package"
    ):
        decode(text, no_blobs)


def test_installed_classes_have_no_file() -> None:
    """The file is remembered for the user's own modules only."""
    assert "file" in encode(Grown(1), no_blobs)
    import fractions

    from hypothesis import HealthCheck

    assert "file" not in encode([HealthCheck.too_slow, fractions.Fraction(1)], no_blobs)


SCRIPT = """
from dataclasses import dataclass
from beside import DEFAULT

@dataclass
class Params:
    a: int = DEFAULT
"""
STORE = """
import sys
from perqueue.codec import encode, no_blobs
"""


def run(folder: Path, code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def scripts(folder: Path, default: int) -> Path:
    folder.mkdir()
    (folder / "params.py").write_text(SCRIPT)
    (folder / "beside.py").write_text(f"DEFAULT = {default}\n")
    return folder


def test_class_of_a_script_is_loaded_by_its_path(tmp_path: Path) -> None:
    """Another process, which can't import the script, loads it from its file; and stores the value as it was stored."""
    here = scripts(tmp_path / "here", 5)
    text = run(here, STORE + "import params; print(encode(params.Params(), no_blobs))").strip()
    path = list(sys.path)
    try:
        value = decode(text, no_blobs)
        assert value.a == 5
        assert type(value) is type(decode(text, no_blobs))
        assert encode(value, no_blobs) == text
        assert sys.path == path
        assert "params" not in sys.modules
    finally:
        for name in [name for name in sys.modules if name == "beside" or name.startswith("_perqueue_loaded_")]:
            del sys.modules[name]


def test_script_of_the_same_name_is_not_mistaken(tmp_path: Path) -> None:
    """Of two scripts of one name, in two folders, the one that the value came from gives the class."""
    one, two = scripts(tmp_path / "one", 1), scripts(tmp_path / "two", 2)
    text = run(one, STORE + "import params; print(encode(params.Params(), no_blobs))").strip()
    code = """
    import sys, params
    from perqueue.codec import decode, no_blobs
    value = decode(sys.argv[1], no_blobs)
    print(sys.modules[type(value).__module__].__file__, type(value) is params.Params)
    """
    assert run(two, code, text).split() == [str(one / "params.py"), "False"]
    assert run(one, code, text).split() == [str(one / "params.py"), "True"]
    (one / "params.py").unlink()  # the folder moved: the script that can be imported is it
    assert run(two, code, text).split() == [str(two / "params.py"), "True"]


def test_script_that_fails_to_load_is_named(tmp_path: Path) -> None:
    """The error tells what importing and loading said, and where the file should be."""
    here = scripts(tmp_path / "here", 5)
    text = run(here, STORE + "import params; print(encode(params.Params(), no_blobs))").strip()
    (here / "params.py").write_text("1/0")
    with pytest.raises(DecodeError, match=r"loading .* raised ZeroDivisionError.*put the module on sys.path"):
        decode(text, no_blobs)
    (here / "params.py").unlink()
    with pytest.raises(DecodeError, match="raised FileNotFoundError"):
        decode(text, no_blobs)


MAIN = """
import sys
from dataclasses import dataclass
from perqueue.codec import Unstorable, decode, encode, no_blobs

@dataclass
class Params:
    a: int = 1
"""


def test_class_of_a_guarded_main_script(tmp_path: Path) -> None:
    """A class of a main script is loaded again without what the script does."""
    script = tmp_path / "main_script.py"
    script.write_text(MAIN + 'if __name__ == "__main__":\n    print(encode(Params(), no_blobs))\n')
    text = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout.strip()
    try:
        value = decode(text, no_blobs)
        assert value.a == 1
        assert encode(value, no_blobs) == text
    finally:
        for name in [name for name in sys.modules if name.startswith("_perqueue_loaded_")]:
            del sys.modules[name]


def test_class_of_an_unguarded_main_script_is_refused(tmp_path: Path) -> None:
    """A script that would do its work (and submit!) again on loading can't be where a stored class lives."""
    script = tmp_path / "main_script.py"
    script.write_text(MAIN + "try:\n    encode(Params(), no_blobs)\nexcept Unstorable as error:\n    print(error)\n")
    said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert "all of which would run again" in said
    assert 'under `if __name__ == "__main__":`' in said


def test_class_typed_into_a_session_is_refused(tmp_path: Path) -> None:
    """A class without a file behind it can't be found by another process."""
    said = run(
        tmp_path, MAIN + "\ntry:\n    encode(Params(), no_blobs)\nexcept Unstorable as error:\n    print(error)\n"
    )
    assert "typed into an interactive session" in said


def test_replaced_class_is_refused() -> None:
    """An object of a class that its own name no longer leads to is refused."""
    stale = type("Grown", (), {"__module__": __name__, "__dataclass_fields__": {}})
    with pytest.raises(Unstorable, match="not to be found as 'Grown'"):
        encode(stale(), no_blobs)
