"""Which executors and stores there are: found through entry points, and plugins that can't be used do no harm."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from perqueue.core.errors import PerQueueError, UsageError
from perqueue.plugins.manager import PluginConflictError, Plugins, UnknownPluginError, load_plugins
from perqueue.plugins.stores import store_plugin


class Installed:
    """Distributions on ``sys.path``, as pip would leave them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, code: str) -> None:
        """Install one, with a module that its entry point names."""
        module = f"pq_test_{name}"
        (self.folder / f"{module}.py").write_text(dedent(code), encoding="utf-8")
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[perqueue]\n{name} = {module}\n", encoding="utf-8")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Installs fake distributions; they and their modules are gone after the test."""
    import sys

    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("pq_test_")]:
        monkeypatch.delitem(sys.modules, name)
    return Installed(tmp_path)


EXECUTOR = """
from perqueue.executors.protocol import ExecutorPlugin
from perqueue.plugins.spec import hookimpl

@hookimpl
def perqueue_executors():
    return [ExecutorPlugin("NAME", "far away", lambda folder, config: (folder, config))]
"""
STORE = """
from perqueue.store.protocol import StorePlugin
from perqueue.plugins.spec import hookimpl

@hookimpl
def perqueue_stores():
    return [StorePlugin("NAME", "in a file", lambda root: None, lambda root: f"opened {root}")]
"""


def test_what_perqueue_brings_itself() -> None:
    """Without any plugin there are the local executor and the SQLite store."""
    found = load_plugins()
    assert set(found.executors) == {"local"}
    assert set(found.stores) == {"sqlite"}
    assert found.failed == {}
    assert found.executor("local").resident
    assert found.store("sqlite").summary


def test_perqueue_executors(install: Installed) -> None:
    """A plugin's executors are found through its entry point, besides the built-in one."""
    install("far", EXECUTOR.replace("NAME", "cloud"))
    found = load_plugins()
    assert set(found.executors) == {"local", "cloud"}
    assert found.failed == {}
    cloud = found.executor("cloud")
    assert (cloud.name, cloud.summary, cloud.resident) == ("cloud", "far away", False)


def test_perqueue_stores(install: Installed) -> None:
    """A plugin's stores are found through its entry point, also when a store is asked for by name."""
    install("files", STORE.replace("NAME", "json"))
    found = load_plugins()
    assert set(found.stores) == {"sqlite", "json"}
    assert store_plugin("json").summary == found.store("json").summary == "in a file"
    opened: object = store_plugin("json").open("/queue")
    assert opened == "opened /queue"


def test_one_plugin_may_bring_both(install: Installed) -> None:
    """A module has any number of hooks."""
    install("both", EXECUTOR.replace("NAME", "cloud") + STORE.replace("NAME", "json"))
    found = load_plugins()
    assert (set(found.executors), set(found.stores)) == ({"local", "cloud"}, {"sqlite", "json"})


def test_a_plugin_without_hooks(install: Installed) -> None:
    """It brings nothing and is no failure."""
    install("idle", "x = 1\n")
    assert load_plugins() == load_plugins()
    assert load_plugins().failed == {}


BROKEN = {
    "an import that fails": ("import no_such_module_at_all\n", "ModuleNotFoundError: No module named"),
    "a module that raises": ("raise RuntimeError('no luck')\n", "RuntimeError: no luck"),
    "a module that is no Python": ("def\n", "SyntaxError: "),
    "a hook that there is not": (
        EXECUTOR.replace("perqueue_executors", "perqueue_executioners"),
        "PluginValidationError: unknown hook 'perqueue_executioners'",
    ),
    "a hook with parameters": (
        EXECUTOR.replace("perqueue_executors()", "perqueue_executors(wish)"),
        "PluginValidationError: ",
    ),
    "a hook that raises": (
        EXECUTOR.replace("    return", "    raise RuntimeError('no luck')\n    return"),
        "RuntimeError: no luck",
    ),
    "a hook that returns nothing iterable": (
        "from perqueue.plugins.spec import hookimpl\n@hookimpl\ndef perqueue_executors():\n    return 7\n",
        "TypeError: ",
    ),
    "a hook that returns something else": (
        "from perqueue.plugins.spec import hookimpl\n@hookimpl\ndef perqueue_stores():\n    return ['sqlite2']\n",
        "TypeError: ",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin(install: Installed, name: str) -> None:
    """It is reported with its reason and raises nothing; what else is installed works on."""
    code, reason = BROKEN[name]
    install("broken", code)
    install("fine", STORE.replace("NAME", "json"))
    found = load_plugins()
    assert set(found.failed) == {"broken"}
    assert reason in found.failed["broken"]
    assert (set(found.executors), set(found.stores)) == ({"local"}, {"sqlite", "json"})


@pytest.mark.parametrize(("code", "what", "name"), [(EXECUTOR, "executor", "local"), (STORE, "store", "sqlite")])
def test_a_plugin_with_a_name_that_is_taken(install: Installed, code: str, what: str, name: str) -> None:
    """Two of one name are a conflict, named with what to do, also with what perqueue brings itself."""
    install("again", code.replace("NAME", name))
    with pytest.raises(PluginConflictError, match=f"two plugins bring the {what} '{name}': uninstall one"):
        load_plugins()
    assert issubclass(PluginConflictError, PerQueueError)


@pytest.mark.parametrize(("code", "what"), [(EXECUTOR, "executor"), (STORE, "store")])
def test_two_plugins_with_the_same_name(install: Installed, code: str, what: str) -> None:
    """Neither of two plugins silently goes before the other."""
    install("one", code.replace("NAME", "same"))
    install("two", code.replace("NAME", "same"))
    with pytest.raises(PluginConflictError, match=f"the {what} 'same'"):
        load_plugins()


@pytest.mark.parametrize("what", ["executor", "store"])
def test_what_is_not_installed(what: str) -> None:
    """The error names what was asked for and what there is."""
    found = Plugins({"b": load_plugins().executors["local"]}, {"b": load_plugins().stores["sqlite"]}, {})
    with pytest.raises(UnknownPluginError, match=f"there is no {what} 'a'; installed are: b"):
        getattr(found, what)("a")
    assert issubclass(UnknownPluginError, UsageError)


def test_the_default_store_loads_no_plugin(install: Installed) -> None:
    """Opening an ordinary queue imports nobody's plugins, broken ones included."""
    install("noisy", "raise RuntimeError('imported')\n")
    assert store_plugin("sqlite").name == "sqlite"
    import sys

    assert "pq_test_noisy" not in sys.modules
