"""Resource strings: what is accepted and what it means, what is refused, and the way back to text."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.errors import ResourcesError, UsageError
from perqueue.core.flags import refused_flag
from perqueue.core.resources import MOST, MOST_MEMORY, MOST_SECONDS, Resources, format_seconds, parse_time

MINUTE, HOUR, DAY = 60, 3600, 86400

ACCEPTED = [
    # cores[:partition][:processes]:time
    ("24:xeon24:10m", Resources(24, 10 * MINUTE, "xeon24")),
    ("40:xeon40:1:50h", Resources(40, 50 * HOUR, "xeon40", 1)),
    ("40:1:xeon40:50h", Resources(40, 50 * HOUR, "xeon40", 1)),
    ("1:sm3090:2h", Resources(1, 2 * HOUR, "sm3090")),
    ("4:10m", Resources(4, 10 * MINUTE)),
    ("4:2:10m", Resources(4, 10 * MINUTE, None, 2)),
    ("1:xeon16_long.A-b:1m", Resources(1, MINUTE, "xeon16_long.A-b")),
    ("1:s:1m", Resources(1, MINUTE, "s")),
    # the s: prefix
    ("s:8:xeon8:1d", Resources(8, DAY, "xeon8", serial=True)),
    ("s:8:1d", Resources(8, DAY, serial=True)),
    ("s:local", Resources(1, MINUTE, "local", serial=True)),
    # GPUs
    ("1:sm3090:gpu=2:2h", Resources(1, 2 * HOUR, "sm3090", gpus=2)),
    ("1:gpu=2:sm3090:4:2h", Resources(1, 2 * HOUR, "sm3090", 4, gpus=2)),
    ("s:1:sm3090:gpu=2:2h", Resources(1, 2 * HOUR, "sm3090", serial=True, gpus=2)),
    ("gpu=1:local:5m", Resources(1, 5 * MINUTE, "local", gpus=1)),
    ("1:xeon:gpu=0:1m", Resources(1, MINUTE, "xeon")),
    # [n:][n:]local[:time]
    ("local", Resources(1, MINUTE, "local")),
    ("local:10m", Resources(1, 10 * MINUTE, "local")),
    ("4:local", Resources(4, MINUTE, "local")),
    ("4:local:5m", Resources(4, 5 * MINUTE, "local")),
    ("4:2:local", Resources(4, MINUTE, "local", 2)),
    ("4:2:local:5m", Resources(4, 5 * MINUTE, "local", 2)),
    ("1:local:1:5m", Resources(1, 5 * MINUTE, "local", 1)),
    # times
    ("1:30s", Resources(1, 30)),
    ("1:10m", Resources(1, 10 * MINUTE)),
    ("1:5h", Resources(1, 5 * HOUR)),
    ("1:2d", Resources(1, 2 * DAY)),
    ("1:1000000000s", Resources(1, 10**9)),
    ("1:999999999d", Resources(1, MOST_SECONDS)),
]

REFUSED: list[tuple[object, str]] = [
    ("", "at least cores and a time"),
    ("24", "at least cores and a time"),
    ("10m", "at least cores and a time"),
    ("s", "at least cores and a time"),
    ("s:10m", "at least cores and a time"),
    ("xeon24:10m", "'xeon24' is not a number from 1"),
    ("localhost:5m", "'localhost' is not a number from 1"),
    ("s:s:1:10m", "'s' is not a number from 1"),
    ("0:10m", "'0' is not a number from 1"),
    ("-1:10m", "'-1' is not a number from 1"),
    ("1.5:10m", "'1.5' is not a number from 1"),
    (" 1:10m", "' 1' is not a number from 1"),
    ("٣:10m", "'٣' is not a number from 1"),
    ("9999999999:10m", "'9999999999' is not a number from 1"),
    (f"{'9' * 5000}:10m", "is not a number from 1"),
    ("24:xeon24", "'xeon24' is not a time"),
    ("24:xeon24:", "'' is not a time"),
    ("24:xeon24:10", "'10' is not a time"),
    ("24:xeon24:10x", "'10x' is not a time"),
    ("24:xeon24:2h30m", "'2h30m' is not a time"),
    ("24:xeon24:1.5h", "'1.5h' is not a time"),
    ("24:xeon24:10M", "'10M' is not a time"),
    ("24:xeon24:10m\n", "is not a time"),
    ("24:xeon24:0m", "'0m' is no time at all"),
    ("24:xeon24:86399999913601s", "'86399999913601s' is longer than 999999999d"),
    ("24:xeon24:100000000000000s", "'100000000000000s' is not a time"),
    ("24:xeon24:0:10m", "'0' is not a number from 1"),
    ("24:xeon24:fat:10m", "'fat' is not a partition or a number of processes, or is one too many"),
    ("24:1:2:10m", "'2' is not a partition or a number of processes, or is one too many"),
    ("24:10m:1h", "'10m' is not a partition"),
    ("24:xeon 24:10m", "'xeon 24' is not a partition"),
    ("24::10m", "'' is not a partition"),
    ("1:xeon:gpu=:2h", "'gpu=' is not one number of GPUs"),
    ("1:xeon:gpu=two:2h", "'gpu=two' is not one number of GPUs"),
    ("1:xeon:gpu=٣:2h", "is not one number of GPUs"),
    ("1:xeon:gpu=1:gpu=2:2h", "'gpu=1:gpu=2' is not one number of GPUs"),
    ("local:local", "'local' stands in it twice"),
    ("local:10", "'10' is not a time"),
    ("3:local:2", "'2' is not a time"),
    ("local:10x", "'10x' is not a time"),
    ("local:0s", "'0s' is no time at all"),
    ("local:2:5m", "more numbers than cores and processes"),
    ("1:2:local:3:5m", "more numbers than cores and processes"),
    ("1:2:3:local", "more numbers than cores and processes"),
    ("1:local:1:1:5m", "more numbers than cores and processes"),
    ("x:local", "'x' is not a number from 1"),
    ("1:local:x:5m", "'x' is not a number from 1"),
    (None, "NoneType is neither a string nor Resources"),
    (24, "int is neither a string nor Resources"),
]


@pytest.mark.parametrize(("text", "expected"), ACCEPTED, ids=[text for text, _ in ACCEPTED])
def test_accepted(text: str, expected: Resources) -> None:
    """Every form of the grammar is read as what it says."""
    assert Resources.parse(text) == expected
    assert Resources.from_string(text) == expected


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[repr(text)[:20] for text, _ in REFUSED])
def test_refused(text: str, why: str) -> None:
    """Anything else is an error that says what is wrong and shows the grammar."""
    with pytest.raises(ResourcesError) as caught:
        Resources.parse(text)
    message = str(caught.value)
    assert why in message
    assert message.startswith(f"resources {text!r}: ")
    assert "cores[:partition][:processes]:time" in message
    assert "[cores:][processes:]local[:time]" in message
    assert isinstance(caught.value, UsageError)
    assert isinstance(caught.value, ValueError)


def test_resources_pass_as_they_are() -> None:
    """What is read already is taken as it is."""
    given_ = Resources(2, 10)
    assert Resources.parse(given_) is given_


def test_local() -> None:
    """Only the partition called local is this machine."""
    assert Resources.parse("local").local
    assert not Resources.parse("1:xeon24:1m").local
    assert not Resources.parse("1:1m").local


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1s"), (59, "59s"), (60, "1m"), (90, "90s"), (3600, "1h"), (5400, "90m"), (180000, "50h"), (172800, "2d")],
)
def test_format_seconds(seconds: int, text: str) -> None:
    """A time is written in the largest unit that is exact."""
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    "fields",
    [
        {"cores": 0},
        {"cores": 1.5},
        {"seconds": 0},
        {"seconds": "10m"},
        {"processes": 0},
        {"processes": 1.5},
        {"gpus": -1},
        {"gpus": 0.5},
        {"partition": "a:b"},
        {"partition": ""},
        {"partition": 24},
        {"serial": 1},
        {"exclusive": "yes"},
    ],
)
def test_fields_are_checked(fields: dict[str, object]) -> None:
    """Resources that have no string form can't be made."""
    with pytest.raises((ValueError, TypeError)):
        Resources(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cores": 10**9}, "resources 1000000000: cores is a whole number from 1 to 999999999"),
        ({"cores": True}, "resources True: cores is a whole number from 1"),
        ({"processes": 10**9}, "resources 1000000000: processes is a whole number from 1 to 999999999"),
        ({"gpus": 10**9}, "resources 1000000000: gpus is a whole number from 0 to 999999999"),
        ({"nodes": 10**9}, "resources 1000000000: nodes is a whole number from 1 to 999999999"),
        ({"seconds": MOST_SECONDS + 1}, "resources 86399999913601: seconds is a whole number from 1 to 86399999913600"),
        ({"memory": MOST_MEMORY + 1}, "resources 1048575998951425: memory is at most 999999999T"),
        ({"exclusive": 1}, "resources 1: exclusive is True or False"),
        ({"flags": ["\ud83d\ude00"]}, "flags and avoid are lists of words"),
    ],
)
def test_what_could_not_be_read_back_can_not_be_made(fields: dict[str, object], message: str) -> None:
    """Whatever is beyond its bounds is refused when it is asked for, not when the queue is read."""
    with pytest.raises(ResourcesError) as caught:
        Resources(**fields)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(("given_", "seconds"), [("90s", 90), ("2d", 2 * DAY), (7, 7), (MOST_SECONDS, MOST_SECONDS)])
def test_times(given_: object, seconds: int) -> None:
    """A time is a number of seconds, or as in resource strings."""
    assert parse_time(given_) == seconds


@pytest.mark.parametrize("given_", [None, 0, -1, True, 1.5, "5", "1.5h", "0s", "", MOST_SECONDS + 1])
def test_times_that_are_none(given_: object) -> None:
    """Anything else is refused."""
    with pytest.raises(ResourcesError, match="a time is"):
        parse_time(given_)


PRINTED = [
    (Resources(), "1:1m"),
    (Resources(24, 600, "xeon24"), "24:xeon24:10m"),
    (Resources(40, 180000, "xeon40", 1), "40:xeon40:1:50h"),
    (Resources(1, 60, "local"), "1:local:1m"),
    (Resources(4, 30, None, 2, True, 3), "s:4:2:gpu=3:30s"),
]


@pytest.mark.parametrize(("resources", "text"), PRINTED, ids=[text for _, text in PRINTED])
def test_printed(resources: Resources, text: str) -> None:
    """Resources print as the string that asks for them."""
    assert str(resources) == text


_COUNTS = st.integers(1, 999_999_999)
RESOURCES = st.builds(
    Resources,
    _COUNTS,
    st.builds(lambda number, unit: number * unit, _COUNTS, st.sampled_from([1, MINUTE, HOUR, DAY])),
    st.none() | st.just("local") | st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]*", fullmatch=True),
    st.none() | _COUNTS,
    st.booleans(),
    st.integers(0, 999_999_999),
)


@given(RESOURCES)
def test_text_and_back(resources: Resources) -> None:
    """Law: what resources print as is read as the same resources."""
    assert Resources.parse(str(resources)) == resources


def _edges(least: int, most: int) -> st.SearchStrategy[int]:
    return st.sampled_from([least, 10**9 if most > MOST else most, most]) | st.integers(least, most)


_WORDS = st.lists(st.text(min_size=1, max_size=5).filter(lambda word: "\n" not in word), max_size=2)
_FLAGS = _WORDS.map(lambda words: [f"-{word}" for word in words]).filter(
    lambda words: all(refused_flag(word) is None for word in words)
)
_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]*", fullmatch=True)
ALL = st.builds(
    Resources,
    _edges(1, MOST),
    _edges(1, MOST_SECONDS),
    st.none() | st.just("local") | _NAMES,
    st.none() | _edges(1, MOST),
    st.booleans(),
    _edges(0, MOST),
    st.none() | _edges(1, MOST_MEMORY),
    st.none() | _edges(1, MOST),
    st.booleans(),
    st.none() | _NAMES,
    _FLAGS,
    _WORDS,
)


@given(ALL)
def test_what_is_stored_comes_back(resources: Resources) -> None:
    """Law: whatever resources can be made, their encoded form is read as the same ones."""
    assert Resources.decode(resources.encode()) == resources
    assert Resources.parse(str(resources)) == evolve(
        resources, memory=None, nodes=None, exclusive=False, gpu_type=None, flags=(), avoid=()
    )


@given(
    st.integers() | st.booleans() | st.floats(allow_nan=False), st.sampled_from(["cores", "seconds", "gpus", "memory"])
)
def test_any_number_is_refused_or_comes_back(number: object, name: str) -> None:
    """Law: a number is refused with the one error, or comes back from the encoded form."""
    try:
        resources = Resources(**{name: number})  # type: ignore[arg-type]
    except ResourcesError:
        return
    assert Resources.decode(resources.encode()) == resources


@given(st.text("0123456789:smhdlocagpux=", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Law: a text is refused with the one error, or is read as something that its own text is read as."""
    try:
        found = Resources.parse(text)
    except ResourcesError:
        return
    assert Resources.parse(str(found)) == found


BEYOND = [
    (Resources(24, HOUR, "big", memory="4G"), "24:big:1h (memory 4G)"),
    (Resources(24, HOUR, "big", memory=1536, nodes=2), "24:big:1h (memory 1536M; 2 nodes)"),
    (Resources(2, HOUR, "big", gpus=1, gpu_type="A100", exclusive=True), "2:big:gpu=1:1h (exclusive; GPUs A100)"),
    (Resources(1, HOUR, "big", flags="--nice", avoid=["n1", "n2"]), "1:big:1h (not on n1, n2; --nice)"),
    (Resources(1, HOUR, "big", memory="1T"), "1:big:1h (memory 1T)"),
]


@pytest.mark.parametrize(("resources", "shown"), BEYOND)
def test_beyond_the_string_form(resources: Resources, shown: str) -> None:
    """What the grammar has no words for is shown behind it, and comes back from the encoded form as it was."""
    assert resources.described == shown
    assert resources.beyond_grammar
    assert Resources.decode(resources.encode()) == resources


def test_the_encoded_form_is_the_string_form_where_that_says_all() -> None:
    """Nothing changes for what the grammar can say."""
    resources = Resources.parse("s:24:xeon24:12:gpu=2:10m")
    assert resources.encode() == str(resources) == resources.described
    assert Resources.decode(resources.encode()) == resources


@pytest.mark.parametrize("memory", ["4", "4K", "-1G", 0, 1.5, True, "G", "", "4 G"])
def test_memory_that_is_none(memory: object) -> None:
    """Memory is a number of MiB or text with a unit; anything else is named, with what is allowed."""
    with pytest.raises(ResourcesError, match="memory is a number of MiB, or text such as '500M' or '4G'"):
        Resources(memory=memory)


@pytest.mark.parametrize("words", [[""], ["a\nb"], [1], "a\n#SBATCH --exclusive"])
def test_flags_are_words(words: object) -> None:
    """A flag can't smuggle a second line into a script."""
    with pytest.raises(ResourcesError, match="flags and avoid are lists of words"):
        Resources(flags=words)  # type: ignore[arg-type]  # what a user may write


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        ("mem", "'mem' is no flag, as it begins with no dash: a flag and its value are one word, as '--mem=4G'"),
        ("--mem 4G", "'--mem 4G' is no flag: write '--mem=4G'"),
        ("--array=1-3", "'--array' can't be given: arrays are made where groups are wide"),
        ("--wait", "'--wait' can't be given: nobody waits for a job; the queue looks after it"),
    ],
)
def test_flags_that_can_not_be_given(flag: str, why: str) -> None:
    """What is no flag, and what would make something else of a job, is refused where it is written."""
    with pytest.raises(ResourcesError, match=re.escape(why)):
        Resources(flags=["-C avx", flag])


@pytest.mark.parametrize("name", ["partition", "gpu_type"])
@pytest.mark.parametrize("value", ["RTX 3090", "", 5])
def test_names_are_words(name: str, value: object) -> None:
    """What the scheduler calls something has no blanks in it."""
    with pytest.raises(ResourcesError, match=f"{name} is a word of letters, digits and"):
        Resources(**{name: value})  # type: ignore[arg-type]  # what a user may write


@pytest.mark.parametrize("text", ["{", '{"cores": 0}', '{"weather": 1}', "[]"])
def test_an_encoded_form_that_is_none(text: str) -> None:
    """Text that no encoding made is refused."""
    with pytest.raises((ResourcesError, ValueError)):
        Resources.decode(text)
