"""The seed's own three task scripts, kept as printed, run unmodified when their main() is called."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

HERE = Path(__file__).parent
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

Main = Callable[..., tuple[bool, dict[str, Any] | None]]


@pytest.fixture(autouse=True)
def restored_globals() -> Iterator[None]:
    """Put back what the scripts change in the process: numpy's seed, matplotlib's settings and figures."""
    state = np.random.get_state()
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context():
        yield
    plt.close("all")
    np.random.set_state(state)


def load(script: str) -> Main:
    """Return the main() of a script, without importing it as a module of a package."""
    main: Main = runpy.run_path(str(HERE / script))["main"]
    return main


@pytest.fixture
def estimated() -> dict[str, Any]:
    """Return the result of the seed's estimate with the 10**5 samples that its submission asks for."""
    ok, result = load("estimate_pi.py")(N_samples=10**5)
    assert ok
    assert result is not None
    return result


def test_the_estimate_has_one_value_for_each_power_of_ten(estimated: dict[str, Any]) -> None:
    """100,000 samples give six estimates, the last within five standard errors; N_samples is passed on."""
    assert set(estimated) == {"pi_estimates", "N_samples"}
    assert estimated["N_samples"] == 10**5
    assert estimated["pi_estimates"].shape == (6,)
    assert estimated["pi_estimates"][-1] == pytest.approx(np.pi, abs=5 * np.sqrt(np.pi * (4 - np.pi) / 10**5))


def test_the_estimate_is_the_same_every_time(estimated: dict[str, Any]) -> None:
    """The script seeds numpy itself, so another run gives equal numbers."""
    _, again = load("estimate_pi.py")(N_samples=10**5)
    assert again is not None
    np.testing.assert_array_equal(again["pi_estimates"], estimated["pi_estimates"])


def test_the_plot_takes_the_estimate_as_it_is_and_returns_none(estimated: dict[str, Any], tmp_path: Path) -> None:
    """The plot takes the estimate's results and a file name, writes a PNG and returns no data."""
    target = tmp_path / "pi_error.png"
    assert load("plot_error.py")(**estimated, savefig_filename=str(target)) == (True, None)
    assert target.read_bytes().startswith(PNG_SIGNATURE)


def test_the_sphere_ignores_what_it_does_not_know(estimated: dict[str, Any]) -> None:
    """Though given N_samples too, it returns a diameter for each estimate and 93.7389 mm for numpy's pi."""
    ok, result = load("sphere_diameter.py")(**estimated)
    assert ok
    assert result is not None
    assert result["actual_sphere_diameter"] == pytest.approx(93.7389, abs=5e-5)
    np.testing.assert_allclose(
        result["sphere_diameters"],
        result["actual_sphere_diameter"] * np.cbrt(np.pi / estimated["pi_estimates"]),
        rtol=1e-14,
    )


@pytest.mark.parametrize("script", ["plot_error.py", "sphere_diameter.py"])
@pytest.mark.parametrize("nothing", [None, []])
def test_no_estimates_is_an_error(script: str, nothing: list[float] | None) -> None:
    """Plot and sphere raise ValueError when no estimate reaches them."""
    with pytest.raises(ValueError, match="Empty list of pi estimates"):
        load(script)(pi_estimates=nothing)
