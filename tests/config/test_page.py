"""The page on configuration is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from attrs import NOTHING, Factory, fields
from tests.docs.markdown import ROOT, read

from perqueue.config import ExecutorOptions, Partition
from perqueue.config.keys import EXECUTOR, OVERRIDES, PARTITION, TREE, Node
from perqueue.config.variables import read_variables
from perqueue.core.retry import REASONS, Retry

PAGE: Final = read(ROOT / "docs" / "configuration.md")


def _keys(table: Mapping[str, Node], above: str = "") -> Iterator[str]:
    for key, node in table.items():
        yield f"{above}{key}"
        if isinstance(node, Mapping):
            yield from _keys(node, f"{above}{key}.")


PLAIN: Final = [key for name, node in TREE.items() if isinstance(node, Mapping) for key in _keys(node, f"{name}.")]


def _rows(heading: str) -> dict[str, list[str]]:
    """The rows of the tables below a heading, by the key that they begin with."""
    below = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in below.splitlines() if line[:2] == "| "]
    return {row[0].strip("`"): row for row in cells if row[0].startswith("`")}


@pytest.mark.parametrize(
    ("heading", "keys"),
    [("All keys", PLAIN), ("Partitions", list(_keys(PARTITION))), ("Executors", list(_keys(EXECUTOR)))],
)
def test_every_key_is_in_the_page(heading: str, keys: list[str]) -> None:
    """Each key that is known has a row that explains it, and no other key has."""
    rows = _rows(heading)
    assert sorted(rows) == sorted(keys)
    assert all(len(row) == 3 and row[2].endswith((".", ";")) for row in rows.values())


@pytest.mark.parametrize(
    ("heading", "kind", "above"),
    [("Partitions", Partition, ""), ("Partitions", Retry, "retry."), ("Executors", ExecutorOptions, "")],
)
def test_the_defaults_in_the_page_are_true(heading: str, kind: type, above: str) -> None:
    """Numbers, truth, words and lists that the page gives as a default are those of the code."""
    rows = _rows(heading)
    for field in fields(kind):
        if field.default is NOTHING or isinstance(field.default, Factory):  # type: ignore[arg-type]
            continue
        told = rows[f"{above}{field.name}"][1].strip("`")
        match field.default:
            case bool():
                assert told == str(field.default).lower()
            case int() | float():
                assert float(told) == field.default
            case str():
                assert told == f'"{field.default}"'
            case tuple():
                assert re.findall(r"[a-z\-]+", told) == list(field.default)


def test_every_override_and_reason_is_in_the_page() -> None:
    """What may be chosen by name is named."""
    assert all(f"| `{name}` |" in PAGE for name in re.findall(r"[a-z\-]{4,}", OVERRIDES.allowed))
    told = " ".join(_rows("Partitions")["retry.on"])
    assert all(re.search(rf"[`\"]{reason}[`\"]", told) for reason in REASONS)


def test_the_variables_in_the_page_set_what_it_says() -> None:
    """Each example of a variable is read as the key beside it."""
    rows = re.findall(r"^\| `(PERQUEUE_\w+)=([^`]+)` \| `([^`]+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) > 5
    for variable, text, key in rows:
        ((place, _, _),) = read_variables({variable: text}, ())
        assert ".".join(place) == key
