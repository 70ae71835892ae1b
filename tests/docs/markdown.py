"""Reading our own Markdown files: fenced blocks, code in a line, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")],
)
NAMES: Final = [str(page.relative_to(ROOT)) for page in PAGES]

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


@frozen
class Block:
    """A fenced block: its language ('' if none is named), its text, and the page and line that it begins at."""

    language: str
    text: str
    page: str
    line: int

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(page: Path) -> str:
    """The text of a page."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, all or those of a language."""
    text, name = read(page), str(page.relative_to(ROOT))
    found = [Block(match[1], match[2], name, text.count("\n", 0, match.start()) + 2) for match in _FENCE.finditer(text)]
    return [block for block in found if language in (None, block.language)]


def section(page: Path, heading: str) -> list[Block]:
    """The fenced blocks below a heading, down to the next one of its level or a higher one."""
    text = read(page)
    level = heading.split(" ")[0]
    begin = text.index(f"\n{heading}\n") + 1
    after = re.search(rf"^#{{1,{len(level)}}} ", text[begin + len(heading) :], re.MULTILINE)
    end = len(text) if after is None else begin + len(heading) + after.start()
    first, last = text.count("\n", 0, begin) + 1, text.count("\n", 0, end) + 1
    return [block for block in blocks(page) if first < block.line <= last]


def prose(page: Path) -> str:
    """The text of a page without its fenced blocks."""
    return _FENCE.sub("", read(page))


def inline_code(page: Path) -> Iterator[str]:
    """What stands between single backticks."""
    return (match[1] for match in _INLINE.finditer(prose(page)))


def links(page: Path) -> list[str]:
    """The targets of links and pictures."""
    return _LINK.findall(_INLINE.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """What links to headings of a page are called."""
    return {_slug(match[1]) for match in _HEADING.finditer(prose(page))}


def _slug(heading: str) -> str:
    kept = "".join(character for character in heading.lower() if character.isalnum() or character in " -_")
    return kept.replace(" ", "-")
