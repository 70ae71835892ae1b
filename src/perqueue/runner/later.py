"""What ``from perqueue import ...`` gives a module that is only loaded to reach a task's function.

Such a module decorates functions, and what it builds and submits stands under ``if __name__ == "__main__":``. So the
names stand for the real things, which are imported when they are used: that would take each task ten times as long as
all the rest of its start.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Later:
    """Stands for a thing that is imported when it is called, asked for an attribute, or derived from."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self.__dict__["_load"] = load

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the thing."""
        return self._load()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load(), name)

    def __getitem__(self, item: Any) -> Any:
        return self._load()[item]

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._load(),)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._load())

    def __or__(self, other: Any) -> Any:
        return self._load() | other

    def __ror__(self, other: Any) -> Any:
        return other | self._load()


class LaterFactory(Later):
    """What ``@task(...)`` makes of a function here: the function is known, the rest is made when it is asked for."""

    def __init__(self, function: Callable[..., Any], load: Callable[[], Any]) -> None:
        super().__init__(load)
        self.__dict__["__wrapped__"] = self.__dict__["function"] = function


def later_task(load: Callable[[], Any]) -> Callable[..., Any]:
    """In the place of ``task``, which ``load`` imports."""

    def task(*args: Any, **kwargs: Any) -> Callable[..., LaterFactory]:
        def decorate(function: Callable[..., Any]) -> LaterFactory:
            return LaterFactory(function, lambda: load()(*args, **kwargs)(function))

        return decorate

    return task
