"""What holds for every page: links lead somewhere, Python compiles, configuration loads, the diagram is the table's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from tests.docs.markdown import NAMES, PAGES, ROOT, Block, anchors, blocks, links

from perqueue.config import FILE, load_config
from perqueue.core.states import diagram

PYTHON: Final = [block for page in PAGES for block in blocks(page, "python")]
TOML: Final = [block for page in PAGES for block in blocks(page, "toml")]


def test_the_pages_are_there() -> None:
    """The README and its companions exist."""
    expected = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md"}
    expected |= {f"docs/{name}.md" for name in ("architecture", "local", "values", "perqueue-users")}
    assert expected <= set(NAMES)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that exists and, after a ``#``, one of its headings."""
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_fences_are_closed(page: Path) -> None:
    """Each fence that is opened is closed, so that no text is taken for code."""
    fences = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("```")]
    assert len(fences) == 2 * len(blocks(page))


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_compiles(block: Block) -> None:
    """Every block of Python is Python."""
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", TOML, ids=str)
def test_configuration_loads(block: Block, tmp_path: Path) -> None:
    """Every block of TOML is a configuration that is accepted."""
    (tmp_path / FILE).write_text(block.text, encoding="utf-8")
    assert load_config(str(tmp_path), {}) != load_config(str(tmp_path.parent), {})


def test_the_diagram_is_that_of_the_table() -> None:
    """The state diagram in the architecture page is the one that the table of transitions gives."""
    (block,) = blocks(ROOT / "docs" / "architecture.md", "mermaid")
    assert block.text == diagram()
