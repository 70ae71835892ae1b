"""The diameter of a sphere of silicon-28 that weighs one kilogram.

Since 2019 the kilogram follows from the Planck constant, and such a sphere realizes it: its atoms are counted
through its volume. Turned round, the constants give the volume, and pi gives the diameter.

    m_e = 2 h R_inf / (c alpha²)                       mass of an electron
    V   = m_core a³ A_r(e) / (8 m_e A_r(28Si))         8 atoms in a cubic cell of edge a
    d   = (6 V / pi)^(1/3)

The method and the mass corrections follow https://doi.org/10.1016/j.crhy.2018.12.005.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLANCK = 6.62607015e-34
"""h in J s; exact (SI, 2019)."""
SPEED_OF_LIGHT = 299792458.0
"""c in m/s; exact (SI)."""
RYDBERG = (10973731.568157, 1.2e-5)
"""R_inf in 1/m and its standard uncertainty (CODATA 2022; 2018: 10973731.568160)."""
FINE_STRUCTURE = (7.2973525643e-3, 1.1e-12)
"""alpha and its standard uncertainty (CODATA 2022; 2018: 7.2973525693e-3)."""
ELECTRON_RELATIVE_MASS = (5.485799090441e-4, 9.7e-15)
"""A_r(e) and its standard uncertainty (CODATA 2022; 2018: 5.48579909065e-4)."""
SILICON_28_RELATIVE_MASS = (27.97692653442, 5.5e-10)
"""A_r(28Si) and its standard uncertainty (Atomic Mass Evaluation 2020)."""
LATTICE_PARAMETER = (5.431020511e-10, 8.9e-18)
"""a in m and its standard uncertainty: natural silicon in vacuum at 22.5 °C (CODATA 2018 and 2022)."""
ENRICHED_LATTICE_PARAMETER = 192014712.67e-18 * 8**0.5
"""a in m of a silicon-28 crystal in vacuum at 20 °C, from d_220 = a/sqrt(8) (arXiv:1010.3088)."""

SPHERE_MASS = 1.0
"""kg, everything included."""
SURFACE_LAYER_MASS = (7.1 + 12.0 + 58.2) * 1e-9
"""kg on the surface that isn't crystal: three contributions, as published in the article above."""
BULK_MASS_DEFICIT = (17.1 - 2.3 - 0.5 + 6.0) * 1e-9
"""kg that vacancies and foreign atoms take from the crystal: four contributions, as published there."""


def main(
    pi_estimates: Sequence[float] | NDArray[np.float64] = (),
    counts: Sequence[int] | NDArray[np.int64] = (),
    electron_relative_mass: float = ELECTRON_RELATIVE_MASS[0],
    lattice_parameter: float = LATTICE_PARAMETER[0],
    **_: Any,
) -> tuple[bool, dict[str, Any]]:
    """Return the diameter of the sphere's silicon core with numpy's pi and with each of `pi_estimates`.

    Result, all in mm:
    - `diameter_mm`, `diameter_uncertainty_mm`: with numpy.pi, and the standard uncertainty that comes from
      the constants, almost all of it from the lattice parameter. The mass corrections' own uncertainty is
      left out (ten micrograms are 0.3 nm), and so is the choice of crystal (see `lattice_parameter`).
    - `diameters_mm`: one for each estimate; infinite where an estimate of few points is 0.
    - `diameters_uncertainty_mm`: with `counts` (points behind each estimate), the standard uncertainty to
      first order in the sampling error of pi, sqrt(pi (4 - pi) / n), and the constants.

    `lattice_parameter` (m) is natural silicon's at 22.5 °C unless given. The enriched crystal's at 20 °C,
    ENRICHED_LATTICE_PARAMETER, makes the diameter 0.0004 mm smaller.
    Raises ValueError if `counts` is given but not one for each estimate.
    """
    estimates, points = np.asarray(pi_estimates, dtype=float), np.asarray(counts, dtype=float)
    if points.size and points.shape != estimates.shape:
        raise ValueError(f"one count per estimate is needed: got shapes {points.shape!r} and {estimates.shape!r}")

    volume = core_volume(electron_relative_mass, lattice_parameter)
    diameter = float(np.cbrt(6.0 * volume / np.pi)) * 1e3
    relative = relative_uncertainty()
    with np.errstate(divide="ignore"):
        diameters = np.cbrt(6.0 * volume / estimates) * 1e3
    result: dict[str, Any] = {
        "diameter_mm": diameter,
        "diameter_uncertainty_mm": diameter * relative,
        "diameters_mm": diameters,
    }
    if points.size:
        sampling = np.sqrt((4.0 - np.pi) / (np.pi * points)) / 3.0
        result["diameters_uncertainty_mm"] = diameter * np.hypot(sampling, relative)
    return True, result


def core_volume(electron_relative_mass: float, lattice_parameter: float) -> float:
    """Return the volume of the sphere's core in m³; the lattice parameter is in m."""
    electron_mass = 2.0 * PLANCK * RYDBERG[0] / (SPEED_OF_LIGHT * FINE_STRUCTURE[0] ** 2)
    atom_mass = electron_mass * SILICON_28_RELATIVE_MASS[0] / electron_relative_mass
    core_mass = SPHERE_MASS - SURFACE_LAYER_MASS + BULK_MASS_DEFICIT
    return core_mass / atom_mass * lattice_parameter**3 / 8.0


def relative_uncertainty() -> float:
    """Return the diameter's relative standard uncertainty from the constants, taken as uncorrelated."""
    # d goes as a times the cube root of A_r(e) alpha² / (R_inf A_r(Si)): hence these sensitivities.
    sensitivities = (
        (1.0, LATTICE_PARAMETER),
        (1.0 / 3.0, ELECTRON_RELATIVE_MASS),
        (2.0 / 3.0, FINE_STRUCTURE),
        (1.0 / 3.0, RYDBERG),
        (1.0 / 3.0, SILICON_28_RELATIVE_MASS),
    )
    return float(np.linalg.norm([power * spread / value for power, (value, spread) in sensitivities]))
