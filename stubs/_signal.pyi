from collections.abc import Callable, Iterable
from types import FrameType

SIGCHLD: int
SIGHUP: int
SIGINT: int
SIGTERM: int
SIG_DFL: int
SIG_SETMASK: int

def default_int_handler(number: int, frame: FrameType | None) -> None: ...
def signal(number: int, handler: Callable[[int, FrameType | None], object] | int) -> object: ...
def pthread_sigmask(how: int, mask: Iterable[int]) -> set[int]: ...
