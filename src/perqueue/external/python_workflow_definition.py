"""Old names: read and write the Python Workflow Definition (see :mod:`perqueue.interop`)."""

from perqueue.interop.reading import read_PWD
from perqueue.interop.writing import write_PWD

__all__ = ["read_PWD", "write_PWD"]
