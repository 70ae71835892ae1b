"""From what scripts did to a report: configuration and scenario, the simulation, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable

from perqueue.config import Config, load_config

from .playing.machines import Machines
from .playing.outcomes import Foretold
from .playing.simulation import Simulation
from .recording import Deed, Kind
from .reports.report import Report, report
from .scenarios.scenario import Scenario


class Play:
    """A simulation of what one script does.

    Args:
        folder: Where the configuration is looked for.
        scenario: What happens.
        config: The configuration, if it is loaded already.

    Raises:
        ConfigError: The configuration can't be used.
    """

    def __init__(self, folder: str, scenario: Scenario, config: Config | None = None) -> None:
        self.config = load_config(folder) if config is None else config
        self.folder = folder
        self.foretold = Foretold(scenario)
        self.simulation = Simulation(Machines(self.config, scenario), self.foretold)
        self.submissions = 0
        self.skipped: dict[str, None] = {}

    def do(self, deed: Deed) -> list[int]:
        """Do one thing that the script did; the keys of entries that it made."""
        match deed.kind:
            case Kind.submitted:
                assert deed.submission is not None  # as it is told
                self.submissions += 1
                return self.simulation.submit(deed.submission)
            case Kind.waited:
                self.simulation.run()
            case Kind.skipped:
                self.skipped[deed.what] = None
        return []

    def report(self) -> Report:
        """Let it come to its end; what it came to."""
        self.simulation.run()
        return report(self.simulation, self.foretold)


def played(deeds: Iterable[Deed], folder: str, scenario: Scenario) -> Play:
    """The simulation of all that a script did, before its end.

    Raises:
        ConfigError: The configuration can't be used.
    """
    deeds = list(deeds)
    folders = [deed.folder for deed in deeds if deed.folder]
    play = Play(folders[0] if folders else folder, scenario)
    for deed in deeds:
        play.do(deed)
    return play
