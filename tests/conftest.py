"""How many examples Hypothesis tries: ``--hypothesis-profile thorough`` looks longer than the default run."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import settings

# The same examples every time where nobody watches, so that a change is judged by the change.
_ON_CI: Final = bool(os.environ.get("CI"))

settings.register_profile("default", max_examples=60, deadline=None, derandomize=_ON_CI)
settings.register_profile("thorough", max_examples=2000, stateful_step_count=100, deadline=None, derandomize=False)
settings.load_profile("default")
