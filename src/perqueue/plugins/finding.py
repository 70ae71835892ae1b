"""Finding plugins through entry points, and asking each for what it brings, one kind at a time.

Perqueue's own come first, then those that are installed, by the names of package and entry point, so that the same
one wins a name everywhere. Whatever somebody's plugin raises or returns is written down here and goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

import pluggy
from attrs import define, field, frozen

from perqueue.core.telling import describe_error, describe_value

from . import spec
from .points import installed

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OURS: Final = "perqueue"
"""Name and package of what perqueue brings itself."""
_FIT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


@frozen
class Brought:
    """One thing that a plugin brings and that can be used."""

    kind: str
    name: str
    summary: str


@frozen
class Problem:
    """Why a plugin, or one thing of it, can't be used; ``name`` is empty where it is all of a kind or everything."""

    plugin: str
    kind: str
    name: str
    why: str

    def __str__(self) -> str:
        what = f"{self.kind} {self.name!r}: " if self.name else f"{self.kind}s: " if self.kind else ""
        return f"{what}{self.why}"


@frozen
class Kind:
    """A kind of things that plugins bring.

    Args:
        name: What it is called, in the singular.
        hook: The hook that brings it.
        type: Gives the class of each one.
        title: Its name and its one line for listings.
        also: More names that nobody else may bring, such as the classes that a codec is for.
        reserved: Names that are taken.
    """

    name: str
    hook: str
    type: Callable[[], type]
    title: Callable[[Any], tuple[str, str]] = lambda part: (part.name, part.summary)
    also: Callable[[Any], Collection[str]] = lambda _: ()
    reserved: Collection[str] = ()


@define
class Found:
    """A plugin: its entry point's name, and the distribution that brings it."""

    name: str
    package: str
    version: str
    module: object | None = None
    brings: list[Brought] = field(factory=list)
    problems: list[Problem] = field(factory=list)


class Finder:
    """All plugins, imported once; ``ours`` is what perqueue brings itself."""

    def __init__(self, ours: object) -> None:
        self._host = pluggy.PluginManager(spec.NAME)
        self._host.add_hookspecs(spec)
        self.found = [Found(OURS, OURS, _version())]
        self._host.register(ours, OURS)
        self.found[0].module = ours
        for point in installed():
            self.found.append(self._load(point))

    def collect(self, kind: Kind) -> dict[str, Any]:
        """Everything of a kind, by name. What can't be used is left out, and written down with its plugin."""
        taken: dict[str, str] = dict.fromkeys(kind.reserved, OURS)
        collected: dict[str, Any] = {}
        for plugin in self.found:
            if plugin.module is None:
                continue
            try:
                parts = list(self._asked(plugin.module, kind))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                plugin.problems.append(Problem(plugin.name, kind.name, "", describe_error(error)))
                continue
            for name, summary, names, part in parts:
                why = _misfit(names, taken, kind)
                if why:
                    plugin.problems.append(Problem(plugin.name, kind.name, name, why))
                    continue
                taken.update(dict.fromkeys(names, plugin.package))
                collected[name] = part
                plugin.brings.append(Brought(kind.name, name, summary))
        return collected

    def _asked(self, module: object, kind: Kind) -> Iterator[tuple[str, str, list[str], Any]]:
        """What one plugin alone brings, so that its failure is nobody else's.

        Each with its name, its summary, and all names that are nobody else's then.
        """
        others = [other for other in self._host.get_plugins() if other is not module]
        for brought in self._host.subset_hook_caller(kind.hook, others)():
            for part in brought:
                if not isinstance(part, kind.type()):
                    raise TypeError(f"{kind.hook}() brings {describe_value(part)}, which is no {kind.type().__name__}")
                name, summary = map(str, kind.title(part))
                yield name, summary, [name, *map(str, kind.also(part))], part

    def _load(self, point: EntryPoint) -> Found:
        package = "?" if point.dist is None else point.dist.name
        found = Found(point.name, package, "?" if point.dist is None else point.dist.version)
        known = f"{package}:{point.name}"
        try:
            module = point.load()
            self._host.register(module, known)
            self._host.check_pending()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever it is, the queue goes on without this plugin
            found.problems.append(Problem(point.name, "", "", describe_error(error)))
            if self._host.has_plugin(known):
                self._host.unregister(name=known)
        else:
            found.module = module
        return found


def _misfit(names: Collection[str], taken: dict[str, str], kind: Kind) -> str:
    """What is wrong with these names, if anything."""
    for name in names:
        if not _FIT.fullmatch(name):
            return f"the name {name!r} can't be used: it takes letters, digits, '_', '.' and '-', a letter first"
        if name in taken:
            if taken[name] == OURS:
                return f"left out: perqueue itself has the {kind.name} {name!r}; the plugin must call its own otherwise"
            return f"left out: {taken[name]} brings the {kind.name} {name!r} already; uninstall one of them"
    return ""


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(OURS)
    except PackageNotFoundError:  # used from a checkout
        return "?"
