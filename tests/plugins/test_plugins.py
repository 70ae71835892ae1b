"""Which executors and stores there are: found through entry points, and plugins that can't be used do no harm."""

from __future__ import annotations

import sys
from decimal import Decimal
from importlib import import_module

import pytest
from tests.plugins.conftest import Installed

from perqueue.cli.app import run
from perqueue.codec import decode, encode, no_blobs
from perqueue.core.errors import UsageError
from perqueue.dryrun.mode import NAME as DRY_RUN
from perqueue.plugins.finding import Brought
from perqueue.plugins.manager import Plugins, UnknownPluginError, load_plugins
from perqueue.plugins.observers import observer_plugins
from perqueue.plugins.stores import store_plugin

EXECUTOR = """
from perqueue.plugins import ExecutorPlugin, hookimpl

@hookimpl
def perqueue_executors():
    return [ExecutorPlugin("NAME", "far away", lambda folder, config: (folder, config))]
"""
STORE = """
from perqueue.plugins import StorePlugin, hookimpl

@hookimpl
def perqueue_stores():
    return [StorePlugin("NAME", "in a file", lambda root: None, lambda root: f"opened {root}")]
"""
CODEC = """
from perqueue.plugins import Codec, hookimpl

class Temperature:
    def __init__(self, kelvin):
        self.kelvin = kelvin

@hookimpl
def perqueue_codecs():
    return [Codec("temperature", ("pq_test_NAME.Temperature",), lambda value: value.kelvin, Temperature)]
"""
COMMAND = """
from perqueue.plugins import CommandPlugin, hookimpl

def load():
    def hello(name: str, loud: bool = False) -> None:
        print("hello", name + "!" * loud)
    return hello

@hookimpl
def perqueue_commands():
    return [CommandPlugin("NAME", "Say hello.", load)]
"""
OBSERVER = """
from perqueue.plugins import ObserverPlugin, hookimpl

@hookimpl
def perqueue_observers():
    return [ObserverPlugin("NAME", "looks on", lambda site: print)]
"""
SILENT = """
class Silent(Exception):
    def __str__(self):
        raise RuntimeError("there is nothing to say")
    __repr__ = __str__

"""
OURS = frozenset({"local", "slurm", "pbs", "dry-run", "sqlite", "json"})
"""What perqueue itself brings, or will."""


def test_what_perqueue_brings_itself() -> None:
    """Without any plugin there are the local executor and the SQLite store."""
    found = load_plugins()
    assert "local" in found.executors
    assert "sqlite" in found.stores
    assert {"decimal", "ase.atoms"} < set(found.codecs)
    assert (found.commands, found.observers) == ({}, {})
    assert found.failed == {}
    assert found.executor("local").resident
    assert found.store("sqlite").summary


def test_perqueue_executors(install: Installed) -> None:
    """A plugin's executors are found through its entry point, besides the built-in one."""
    install("far", EXECUTOR.replace("NAME", "cloud"))
    found = load_plugins()
    assert set(found.executors) - OURS == {"cloud"}
    assert found.failed == {}
    cloud = found.executor("cloud")
    assert (cloud.name, cloud.summary, cloud.resident) == ("cloud", "far away", False)


def test_perqueue_stores(install: Installed) -> None:
    """A plugin's stores are found through its entry point, also when a store is asked for by name."""
    install("files", STORE.replace("NAME", "files"))
    found = load_plugins()
    assert set(found.stores) - OURS == {"files"}
    assert store_plugin("files").summary == found.store("files").summary == "in a file"
    opened: object = store_plugin("files").open("/queue")
    assert opened == "opened /queue"


def test_perqueue_codecs(install: Installed) -> None:
    """A plugin's codecs are found through its entry point, and used for what perqueue can't store by itself."""
    install("hot", CODEC.replace("NAME", "hot"))
    temperature = import_module("pq_test_hot").Temperature
    assert "temperature" in load_plugins().codecs
    text = encode({"t": [temperature(3.5)]}, no_blobs)
    assert text == '{"t":[{"$temperature":3.5}]}'
    (back,) = decode(text, no_blobs)["t"]
    assert (type(back), back.kelvin) == (temperature, 3.5)


def test_perqueue_commands(install: Installed, capsys: pytest.CaptureFixture[str]) -> None:
    """A plugin's command is one of `pq`, with its own arguments, and is listed by its summary."""
    install("cmd", COMMAND.replace("NAME", "hello"))
    assert run(["hello", "world", "--loud"]) == 0
    assert capsys.readouterr().out == "hello world!\n"
    assert run(["--help"]) == 0
    assert "hello     Say hello." in capsys.readouterr().out


def test_perqueue_observers(install: Installed) -> None:
    """A plugin's observers are found through its entry point; what they are told is tested with the engine."""
    assert observer_plugins() == []
    install("eye", OBSERVER.replace("NAME", "eye"))
    (plugin,) = observer_plugins()
    assert (plugin.name, plugin.summary, plugin.replay) == ("eye", "looks on", True)


def test_one_plugin_may_bring_both(install: Installed) -> None:
    """A module may have any number of hooks."""
    install("both", EXECUTOR.replace("NAME", "cloud") + STORE.replace("NAME", "files"))
    found = load_plugins()
    assert (set(found.executors) - OURS, set(found.stores) - OURS) == ({"cloud"}, {"files"})


def test_a_plugin_without_hooks(install: Installed) -> None:
    """It brings nothing and is no failure."""
    install("idle", "x = 1\n")
    assert load_plugins() == load_plugins()
    assert load_plugins().failed == {}


BROKEN = {
    "an import that fails": ("import no_such_module_at_all\n", "ModuleNotFoundError: No module named"),
    "a module that raises": ("raise RuntimeError('no luck')\n", "RuntimeError: no luck"),
    "a module that ends the process": ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
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
    "a hook that raises what is no Exception": (
        EXECUTOR.replace("    return", "    import asyncio\n    raise asyncio.CancelledError('over')\n    return"),
        "CancelledError: over",
    ),
    "a module that raises what can't be told": (SILENT + "raise Silent\n", "Silent: (its message can't be told: "),
    "a hook that raises what can't be told": (
        SILENT + EXECUTOR.replace("    return", "    raise Silent\n    return"),
        "Silent: (its message can't be told: ",
    ),
    "a hook that returns what can't be told": (
        SILENT + STORE.replace("    return", "    return [Silent()]\n    return"),
        "TypeError: perqueue_stores() brings <Silent>, which is no StorePlugin",
    ),
    "a codec for no classes": (CODEC.replace('("pq_test_NAME.Temperature",)', "None"), "TypeError: "),
    "a hook that returns nothing iterable": (
        "from perqueue.plugins import hookimpl\n@hookimpl\ndef perqueue_executors():\n    return 7\n",
        "TypeError: ",
    ),
    "a hook that returns something else": (
        "from perqueue.plugins import hookimpl\n@hookimpl\ndef perqueue_stores():\n    return ['sqlite2']\n",
        "TypeError: ",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin(install: Installed, name: str) -> None:
    """It is reported with its reason and raises nothing; what else is installed works on."""
    code, reason = BROKEN[name]
    install("broken", code)
    install("fine", STORE.replace("NAME", "files"))
    found = load_plugins()
    assert set(found.failed) == {"broken"}
    assert reason in found.failed["broken"]
    assert (set(found.executors) - OURS, set(found.stores) - OURS) == (set(), {"files"})


@pytest.mark.parametrize(
    ("code", "what", "name"),
    [
        (EXECUTOR, "executor", "local"),
        (EXECUTOR, "executor", DRY_RUN),
        (STORE, "store", "sqlite"),
        (COMMAND, "command", "ls"),
    ],
)
def test_a_plugin_with_a_name_that_is_perqueues(install: Installed, code: str, what: str, name: str) -> None:
    """What perqueue brings itself keeps its name, and the plugin's is left out and listed."""
    before = getattr(load_plugins(["ls"]), f"{what}s").get(name)
    install("again", code.replace("NAME", name))
    found = load_plugins(["ls"])
    assert getattr(found, f"{what}s").get(name) is before
    assert found.failed == {
        "again": f"{what} {name!r}: left out: perqueue itself has the {what} {name!r}; "
        "the plugin must call its own otherwise"
    }


@pytest.mark.parametrize(
    ("tag", "names"), [("decimal", "x.Y"), ("tuple", "x.Y"), ("mine", "decimal.Decimal"), ("$x", "x.Y"), ("", "x.Y")]
)
def test_a_codec_that_is_perqueues(install: Installed, tag: str, names: str) -> None:
    """Neither a tag nor a class that perqueue stores can be taken over."""
    code = CODEC.replace('"temperature"', repr(tag)).replace('("pq_test_NAME.Temperature",)', repr((names,)))
    install("again", code)
    assert "codec" in load_plugins().failed["again"]
    assert encode(Decimal("1.5"), no_blobs) == '{"$decimal":"1.5"}'


@pytest.mark.parametrize("code", [EXECUTOR, STORE, CODEC.replace("_NAME", "_same"), COMMAND, OBSERVER])
def test_two_plugins_with_the_same_name(install: Installed, code: str) -> None:
    """The one of the package that comes first by name is used, wherever and in whatever order they are installed."""
    install("b", code.replace("NAME", "same"), package="alpha")
    install("a", code.replace("NAME", "same"), package="beta")
    found = load_plugins()
    assert [(one.package, len(one.brings), len(one.problems)) for one in found.found[1:]] == [
        ("alpha", 1, 0),
        ("beta", 0, 1),
    ]
    assert "alpha brings the" in found.failed["a"]
    assert "uninstall one of them" in found.failed["a"]


def test_two_packages_with_one_entry_point_name(install: Installed) -> None:
    """Plugins are told apart by their packages, so both are used."""
    install("one", EXECUTOR.replace("NAME", "first"), entry="same")
    install("two", EXECUTOR.replace("NAME", "second"), entry="same")
    assert {"first", "second"} < set(load_plugins().executors)


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "../a", "1", "a b"])
def test_a_name_that_can_not_be_used(install: Installed, name: str) -> None:
    """Names become parts of lanes, files and command lines, so they are plain; others are left out."""
    install("odd", EXECUTOR.replace("NAME", name))
    found = load_plugins()
    assert set(found.executors) - OURS == set()
    assert f"the name {name!r} can't be used" in found.failed["odd"]


def test_one_hook_that_fails_leaves_the_others(install: Installed) -> None:
    """What a plugin brings by its other hooks can be used."""
    install("half", EXECUTOR.replace("    return", "    raise OSError('no luck')\n    return") + STORE)
    found = load_plugins()
    assert "NAME" in found.stores
    assert found.failed == {"half": "executors: OSError: no luck"}
    assert found.found[1].brings == [Brought("store", "NAME", "in a file")]


def test_plugins_are_looked_for_once(install: Installed) -> None:
    """A process that asks for executors again and again searches what is installed one time."""
    assert load_plugins() is load_plugins()
    first = load_plugins()
    install("late", EXECUTOR)
    assert load_plugins() is not first


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
    assert "pq_test_noisy" not in sys.modules
