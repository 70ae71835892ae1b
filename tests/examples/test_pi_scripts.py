"""The scripts of examples/pi give what physics says, called through their main() as the queue calls them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parents[2] / "examples" / "pi"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SEED_ELECTRON_MASS = 5.489e-4
SEED_DIAMETER_MM = 93.7389


def load(script: str) -> dict[str, Any]:
    """Return the names that a script defines, without importing it as a module of a package."""
    return runpy.run_path(str(FOLDER / script))


def call(main: Callable[..., tuple[bool, dict[str, Any] | None]], **arguments: Any) -> dict[str, Any]:
    """Call a main() that must succeed with data, and return the data."""
    ok, data = main(**arguments)
    assert ok is True
    assert data is not None
    return data


ESTIMATE, PLOT, SPHERE = (load(script) for script in ("estimate.py", "plot.py", "sphere.py"))


@pytest.mark.parametrize(
    ("samples", "counts"),
    [
        pytest.param(1, [1], id="one point"),
        pytest.param(9, [1], id="just under a power"),
        pytest.param(10, [1, 10], id="a power"),
        pytest.param(99_999, [1, 10, 100, 1000, 10_000], id="the rest is not drawn"),
        pytest.param(np.int64(1000), [1, 10, 100, 1000], id="numpy integer"),
    ],
)
def test_estimates_are_made_at_every_power_of_ten_within_the_samples(samples: int, counts: list[int]) -> None:
    """There is one estimate, and the number of points behind it, for each power of ten up to `samples`."""
    data = call(ESTIMATE["main"], samples=samples)
    assert data["counts"].tolist() == counts
    assert data["pi_estimates"].shape == (len(counts),)


@pytest.mark.parametrize("seed", [0, 1, 2019])
def test_the_estimates_converge_to_pi(seed: int) -> None:
    """From 100 points on, every estimate is within five standard errors of pi."""
    data = call(ESTIMATE["main"], samples=10**6, seed=seed)
    errors = np.abs(data["pi_estimates"] - np.pi)
    allowed = 5.0 * np.sqrt(np.pi * (4.0 - np.pi) / data["counts"])
    assert (errors[2:] < allowed[2:]).all()


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), chunk=st.integers(1, 1500))
def test_chunks_do_not_change_the_estimates(seed: int, chunk: int) -> None:
    """However many points are held at once, the estimates are those of one stream."""
    whole = call(ESTIMATE["main"], samples=1000, seed=seed)
    pieces = call(ESTIMATE["main"], samples=1000, seed=seed, chunk=chunk)
    np.testing.assert_array_equal(pieces["pi_estimates"], whole["pi_estimates"])


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), powers=st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted))
def test_a_longer_run_extends_a_shorter_one(seed: int, powers: list[int]) -> None:
    """With the same seed, the estimates of fewer samples are the first ones of more samples."""
    short, long = (call(ESTIMATE["main"], samples=10**power, seed=seed)["pi_estimates"] for power in powers)
    np.testing.assert_array_equal(short, long[: len(short)])


def test_the_estimate_leaves_numpys_global_generator_alone() -> None:
    """The script draws from a generator of its own, so that other code's random numbers don't move."""
    before = np.random.get_state(legacy=False)
    call(ESTIMATE["main"], samples=100)
    np.testing.assert_equal(np.random.get_state(legacy=False), before)


@pytest.mark.parametrize("arguments", [{"samples": 0}, {"samples": -5}, {"samples": 10, "chunk": 0}])
def test_fewer_than_one_point_is_an_error(arguments: dict[str, int]) -> None:
    """No points, or none at a time, raise ValueError naming the values."""
    with pytest.raises(ValueError, match="at least 1"):
        ESTIMATE["main"](**arguments)


def test_a_fraction_of_a_point_is_an_error() -> None:
    """A float is refused, not rounded."""
    with pytest.raises(TypeError):
        ESTIMATE["main"](samples=1e5)


def test_the_plot_is_a_png_at_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative file name is taken from the current folder; the path returned is absolute."""
    monkeypatch.chdir(tmp_path)
    data = call(PLOT["main"], **call(ESTIMATE["main"], samples=1000), filename="error.png")
    assert data == {"plot": tmp_path.resolve() / "error.png"}
    assert isinstance(data["plot"], Path)
    assert data["plot"].read_bytes().startswith(PNG_SIGNATURE)
    assert list(tmp_path.iterdir()) == [tmp_path / "error.png"]


def test_the_plot_is_a_png_whatever_its_name(tmp_path: Path) -> None:
    """The format doesn't follow from the file name, and plain lists are drawn like arrays."""
    data = call(PLOT["main"], pi_estimates=[4.0, 3.2], counts=[1, 10], filename=tmp_path / "picture.dat")
    assert data["plot"].read_bytes().startswith(PNG_SIGNATURE)


@pytest.mark.parametrize(("estimates", "counts"), [([], []), ([3.0, 3.1], [1])])
def test_a_plot_needs_a_count_for_every_estimate(estimates: list[float], counts: list[int], tmp_path: Path) -> None:
    """Without estimates, or with counts that don't match, the plot raises ValueError and writes nothing."""
    with pytest.raises(ValueError, match="one count per estimate"):
        PLOT["main"](pi_estimates=estimates, counts=counts, filename=tmp_path / "error.png")
    assert not list(tmp_path.iterdir())


def test_the_sphere_has_the_diameter_that_physics_gives() -> None:
    """With CODATA's constants and numpy's pi, a kilogram of silicon-28 measures 93.7207 mm across."""
    assert call(SPHERE["main"])["diameter_mm"] == pytest.approx(93.7207, abs=5e-4)


def test_the_diameter_agrees_with_codatas_electron_mass() -> None:
    """The electron mass that CODATA 2022 lists in kg gives the same diameter as h, R_inf, alpha and c."""
    atom = 9.1093837139e-31 * 27.97692653442 / 5.485799090441e-4
    core = 1.0 - 77.3e-9 + 20.3e-9
    volume = core / atom * 5.431020511e-10**3 / 8.0
    assert call(SPHERE["main"])["diameter_mm"] == pytest.approx(2e3 * (volume * 0.75 / np.pi) ** (1 / 3), rel=1e-9)


def test_the_density_is_that_of_silicon() -> None:
    """The volume is that of a kilogram at 2320 kg/m³, the density measured on silicon-28 spheres."""
    volume = SPHERE["core_volume"](SPHERE["ELECTRON_RELATIVE_MASS"][0], SPHERE["LATTICE_PARAMETER"][0])
    assert 1.0 / volume == pytest.approx(2320.0, abs=1.0)


def test_the_uncertainty_is_the_lattice_parameters() -> None:
    """The constants leave 1.5 nm, relatively within a percent of what the lattice parameter leaves."""
    data = call(SPHERE["main"])
    value, spread = SPHERE["LATTICE_PARAMETER"]
    assert data["diameter_uncertainty_mm"] == pytest.approx(1.5e-6, abs=0.1e-6)
    assert data["diameter_uncertainty_mm"] / data["diameter_mm"] == pytest.approx(spread / value, rel=0.01)


def test_the_seeds_electron_mass_gives_the_seeds_diameter() -> None:
    """With A_r(e) = 5.489e-4 the diameter is the 93.7389 mm of the seed's script, 0.018 mm too much."""
    data = call(SPHERE["main"], electron_relative_mass=SEED_ELECTRON_MASS)
    assert data["diameter_mm"] == pytest.approx(SEED_DIAMETER_MM, abs=5e-5)
    assert data["diameter_mm"] - call(SPHERE["main"])["diameter_mm"] == pytest.approx(0.0182, abs=1e-4)


def test_the_enriched_crystal_makes_the_sphere_slightly_smaller() -> None:
    """The lattice parameter measured on silicon-28 at 20 °C takes 0.4 micrometres off the diameter."""
    data = call(SPHERE["main"], lattice_parameter=SPHERE["ENRICHED_LATTICE_PARAMETER"])
    assert call(SPHERE["main"])["diameter_mm"] - data["diameter_mm"] == pytest.approx(4.2e-4, abs=1e-5)


def test_every_estimate_has_its_diameter_within_its_uncertainty() -> None:
    """Diameters from estimates of pi are within five of their uncertainties, which go as 1/sqrt(points)."""
    data = call(SPHERE["main"], **call(ESTIMATE["main"], samples=10**6))
    spread = data["diameters_uncertainty_mm"]
    assert (np.abs(data["diameters_mm"] - data["diameter_mm"])[2:] < 5.0 * spread[2:]).all()
    np.testing.assert_allclose(spread[:-1] / spread[1:], np.sqrt(10.0), rtol=1e-6)


def test_the_uncertainty_of_an_exact_number_of_points_is_that_of_the_constants() -> None:
    """With ever more points, what remains is the uncertainty of the constants."""
    data = call(SPHERE["main"], pi_estimates=[np.pi], counts=[10.0**30])
    assert data["diameters_mm"][0] == pytest.approx(data["diameter_mm"], rel=1e-15)
    assert data["diameters_uncertainty_mm"][0] == pytest.approx(data["diameter_uncertainty_mm"], rel=1e-6)


def test_an_estimate_of_zero_gives_an_infinite_diameter() -> None:
    """One point outside the circle estimates pi as 0: the diameter is infinite, without a warning."""
    assert call(SPHERE["main"], pi_estimates=[0.0], counts=[1])["diameters_mm"].tolist() == [np.inf]


def test_the_sphere_needs_no_counts_but_as_many_as_estimates() -> None:
    """Without counts there are no uncertainties of the estimates; with too few it raises ValueError."""
    assert "diameters_uncertainty_mm" not in call(SPHERE["main"], pi_estimates=[3.1])
    with pytest.raises(ValueError, match="one count per estimate"):
        SPHERE["main"](pi_estimates=[3.1, 3.2], counts=[1])


def test_the_readme_shows_the_numbers_that_come_out() -> None:
    """Each line of the README's table of expected output is what the scripts give by default."""
    estimates = call(ESTIMATE["main"])
    diameters = call(SPHERE["main"], **estimates)
    columns = (
        estimates["counts"],
        estimates["pi_estimates"],
        diameters["diameters_mm"],
        diameters["diameters_uncertainty_mm"],
    )
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for count, pi, diameter, spread in zip(*columns, strict=True):
        assert f"\n| {count} | {pi:.6f} | {diameter:.3f} | {spread:.3f} |\n" in readme
    exact, of_constants = diameters["diameter_mm"], diameters["diameter_uncertainty_mm"]
    assert f"\n| numpy.pi | {np.pi:.6f} | {exact:.6f} | {of_constants:.7f} |\n" in readme
    assert f"{call(SPHERE['main'], electron_relative_mass=SEED_ELECTRON_MASS)['diameter_mm']:.6f} mm" in readme
