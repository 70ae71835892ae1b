import pytest

class WorkStealingScheduling:
    def __init__(self, config: pytest.Config, log: object = ...) -> None: ...
