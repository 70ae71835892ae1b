"""The codec costs a compute node next to nothing until a value needs more."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "typing",
    "numpy",
    "attr",
    "attrs",
    "cattrs",
    "ase",
    "dataclasses",
    "pathlib",
    "hashlib",
    "datetime",
    "inspect",
)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "assert c.encode({'a': [1, None, 'x', float('nan')], 'b': {}}, c.no_blobs)",
        "assert c.encode({'a': {1: (2, {3})}}, c.no_blobs)",
        "assert c.encode_mapping({'a': 1, 'b': {}.__iter__}, c.BlobFolder('nowhere'))[1]",
        """assert c.decode('{"a":[1,{"b":null}]}', c.no_blobs) == {'a': [1, {'b': None}]}""",
        """assert c.decode('{"a":{"$tuple":[1,{"$bytes":"YQ=="}]}}', c.no_blobs) == {'a': (1, b'a')}""",
    ],
    ids=["import", "encode", "encode-markers", "encode-mapping", "decode", "decode-markers"],
)
def test_nothing_heavy_is_imported(code: str) -> None:
    """Importing, and values without arrays and objects, import none of the heavy modules."""
    program = f"import sys; import perqueue.codec as c\n{code}\nprint([m for m in {HEAVY} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"],
                         capture_output=True, text=True, check=True)  # fmt: skip
    assert ran.stdout.strip() == "[]"
