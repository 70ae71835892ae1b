"""What the page on checks says is so: its example, and its codes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.docs.markdown import ROOT, blocks, read

PAGE: Final = ROOT / "docs" / "checks.md"


def test_the_example(queue_folder: Path) -> None:
    """The four scripts of the page give the lines that it shows, shortened by the task and the code."""
    for block in blocks(PAGE, "python"):
        name = block.text.splitlines()[0].removeprefix("# ")
        (queue_folder / name).write_text(block.text, encoding="utf-8")
    argv = [sys.executable, "-m", "perqueue", "check", "submit.py"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    (shown,) = (block.text for block in blocks(PAGE, "text"))
    found = [re.sub(r" \(task .*\]$", "", line) for line in done.stdout.splitlines()]
    assert found == shown.splitlines()


def test_every_code_is_explained() -> None:
    """The table has each code that a finding may have."""
    table = set(re.findall(r"^\| (`.*?`) \|", read(PAGE), re.MULTILINE))
    explained = {code for cell in table for code in re.findall(r"`([\w-]+)`", cell)}
    sources = [*(ROOT / "src" / "perqueue" / "checks").glob("*.py"), ROOT / "src" / "perqueue" / "api" / "rehearsal.py"]
    text = "\n".join(read(path) for path in sources)
    kinds = r"(?:Severity\.\w+|severity|sure|True|False|error), |Broken\("
    used = set(re.findall(rf"(?:{kinds})\"([a-z]+(?:-[a-z]+)*)\"", text))
    assert {"no-script", "missing", "width", "no-branch", "arguments", "cores"} <= used
    assert used <= explained
