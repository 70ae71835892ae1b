"""A queue without processes, as the engine's tests have it."""

from __future__ import annotations

from tests.engine.conftest import bench as bench
