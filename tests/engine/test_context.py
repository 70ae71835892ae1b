"""What tasks get of the environment they were submitted from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from perqueue.engine.context import SCHEDULERS, SECRETS, USUAL, capture, select


def test_a_context_is_where_the_submission_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has this interpreter, the current folder, and this process's variables unless others are given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    context = capture()
    assert (context.interpreter, context.folder) == (sys.executable, str(tmp_path))
    assert dict(context.env)["OMP_NUM_THREADS"] == "3"


def test_equal_environments_are_equal_contexts() -> None:
    """The order in which variables were set doesn't matter: tasks of both share a fork server."""
    one, other = {"HOME": "/h", "LANG": "C"}, {"LANG": "C", "HOME": "/h"}
    assert capture(environ=one) == capture(environ=other)
    assert hash(capture(environ=one)) == hash(capture(environ=other))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("HOME", True), ("PATH", True), ("LC_ALL", True), ("OMP_NUM_THREADS", True), ("ASE_VASP_COMMAND", True),
        ("VIRTUAL_ENV", True), ("CUDA_VISIBLE_DEVICES", True), ("PYTHONHASHSEED", True),
        ("MY_DATA", False), ("home", False), ("XHOME", False), ("HOMEX", False), ("DISPLAY", False), ("OLDPWD", False),
        ("SSH_AUTH_SOCK", False), ("PERQUEUE_RUN", False), ("PERQUEUE_EXECUTOR", False),
    ],
)  # fmt: skip
def test_the_allow_list(name: str, kept: bool) -> None:
    """Tasks get the usual variables and no others."""
    assert select({name: "x"}) == ({name: "x"} if kept else {})


@pytest.mark.parametrize(
    ("allow", "kept"),
    [
        ((), set()),
        (("MY_DATA",), {"MY_DATA"}),
        (("MY_*",), {"MY_DATA", "MY_CODE"}),
        (("*_CODE", "OTHER"), {"MY_CODE", "OTHER"}),
        (("MY_?ATA", "[M]Y_CODE", "my_data"), set()),
        (("*",), {"MY_DATA", "MY_CODE", "OTHER"}),
    ],
)
def test_more_can_be_allowed(allow: tuple[str, ...], kept: set[str]) -> None:
    """The configuration adds names; only ``*`` in them has a meaning of its own."""
    assert set(select(dict.fromkeys(["MY_DATA", "MY_CODE", "OTHER"], "x"), allow)) == kept


@pytest.mark.parametrize(
    "name",
    ["MY_TOKEN", "my_token", "GITHUB_TOKEN_2", "CONDA_TOKEN", "PYTHON_SECRET", "AWS_SECRET_ACCESS_KEY", "ASE_PASSWORD",
     "MP_API_KEY", "PMG_MAPI_APIKEY", "XDG_CREDENTIALS", "MYSQL_PASSWD", "SSH_PRIVATE_KEY"],
)  # fmt: skip
def test_secrets_are_never_kept(name: str) -> None:
    """What looks like a secret is left out, even if it is on a list or allowed by its very name."""
    assert select({name: "x"}) == {}
    assert select({name: "x"}, [name, "*"]) == {}


@pytest.mark.parametrize("pattern", SCHEDULERS)
def test_a_scheduler_s_variables_are_never_kept(pattern: str) -> None:
    """What belongs to the job that submits is left out, even if it is allowed by its very name."""
    name = pattern.replace("*", "JOB_ID")
    assert select({name: "1"}, [name, "*"]) == {}


def test_the_lists_have_no_pattern_that_never_fits() -> None:
    """No usual variable is one that is stripped again, and only ``*`` is used as a wildcard."""
    for pattern in USUAL:
        name = pattern.replace("*", "X")
        assert select({name: "1"}) == {name: "1"}, pattern
    assert not [pattern for pattern in (*USUAL, *SCHEDULERS, *SECRETS) if set(pattern) & set("?[]")]


def test_search_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts relative to the submission's folder are made absolute, for tasks' processes start elsewhere."""
    monkeypatch.chdir(tmp_path)
    value = os.pathsep.join(["lib", "/abs", "../up", "."])
    expected = os.pathsep.join([f"{tmp_path}/lib", "/abs", f"{tmp_path}/../up", f"{tmp_path}/."])
    names = ["PYTHONPATH", "PATH", "LD_LIBRARY_PATH"]
    assert dict(capture(environ=dict.fromkeys(names, value)).env) == dict.fromkeys(names, expected)


def test_other_variables_are_kept_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only search paths are changed, and empty ones stay empty."""
    monkeypatch.chdir(tmp_path)
    given = {"HOME": "relative", "PYTHONSTARTUP": "a:b", "PYTHONPATH": ""}
    assert dict(capture(environ=given).env) == given
