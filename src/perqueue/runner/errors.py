"""What can go wrong around a task, as opposed to in it."""

from __future__ import annotations

from perqueue.core.errors import PerQueueError, StorageError, UsageError


class OutcomeUnwrittenError(StorageError):
    """The outcome of an attempt could not be written, with or without its data."""

    def __init__(self, folder: str, key: int, attempt: int, cause: OSError) -> None:
        self.folder, self.key, self.attempt = folder, key, attempt
        super().__init__(
            f"The outcome of entry {key} (attempt {attempt}) could not be written in {folder!r}: {cause}. "
            f"Make room or give write access there, then resubmit the entry."
        )


class JobError(PerQueueError):
    """The bytes of a job are not a job of this version."""

    def __init__(self, what: str) -> None:
        super().__init__(f"This is not a job that this version of perqueue can run: {what}.")


class FrameError(PerQueueError):
    """What came over the socket does not follow the protocol."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The other end of the fork server's socket does not keep to the protocol: {what}.")


class LaunchError(PerQueueError):
    """The task's function could not be reached, so none of the user's code is to blame."""


class ScriptUnreadableError(LaunchError):
    """The script of the task is missing or can't be read."""

    def __init__(self, code: str, cause: OSError) -> None:
        super().__init__(
            f"The script {code!r} can't be read: {cause.strerror or cause}. "
            f"Put it back, or give the entry another one with 'pq modify c', and resubmit."
        )


class FunctionMissingError(LaunchError):
    """The script has no such function."""

    def __init__(self, code: str, func: str, found: object = None) -> None:
        what = "does not define it" if found is None else f"has a {type(found).__name__} under that name"
        super().__init__(
            f"The function {func!r} was to be called, but the script {code!r} {what}. "
            f"Write 'def {func}(**kwargs):' there, or name another function, and resubmit."
        )


class FolderError(LaunchError):
    """The working folder of the task can't be entered."""

    def __init__(self, folder: str, cause: OSError) -> None:
        super().__init__(
            f"The working folder {folder!r} can't be entered: {cause.strerror or cause}. "
            f"Create it or give access to it, and resubmit."
        )


class LogError(LaunchError):
    """The file for the task's output can't be opened."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(
            f"The file for the task's output, {cause.filename!r}, can't be opened: "
            f"{cause.strerror or cause}. "
            f"Make room or give write access there, and resubmit."
        )


class ArgumentsError(LaunchError):
    """The arguments of the task can't be rebuilt from their stored form."""

    def __init__(self, which: str, cause: BaseException) -> None:
        super().__init__(f"The {which} of the task can't be rebuilt: {str(cause) or type(cause).__name__}")


class ModuleMissingError(LaunchError):
    """The module of a typed function can't be found."""

    def __init__(self, module: str, func: str, code: str, cause: ModuleNotFoundError) -> None:
        super().__init__(
            f"The module {module!r} of the function {func!r} can't be imported: {cause}. It was {code!r}: "
            f"put it back, or where Python finds modules (the folder of the submission, PYTHONPATH), and resubmit."
        )


class OtherModuleError(LaunchError):
    """Another file has the name of the module of a typed function."""

    def __init__(self, module: str, func: str, code: str, found: str) -> None:
        super().__init__(
            f"The function {func!r} of {code!r} was to be called, but the module {module!r} that Python finds "
            f"is {found!r}. Give one of the two files another name, and submit again."
        )


class NotThatFunctionError(LaunchError):
    """The module has no such function."""

    def __init__(self, module: str, code: str, func: str, found: object = None) -> None:
        what = "does not define it" if found is None else f"has a {type(found).__name__} under that name"
        super().__init__(
            f"The function {func!r} was to be called, but the module {module!r} ({code!r}) {what}. "
            f"Put it back at the top level of the module, and resubmit."
        )


class SubmissionRefusedError(UsageError):
    """Something was submitted by code that a task only loads to reach its function."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"A task loads {code!r} to call a function of it, and each such task would submit this again: "
            'put the submission under if __name__ == "__main__":'
        )
