from typing import List, Tuple, Union

import numpy as np


def main(
    pi_estimates: Union[List[float], np.ndarray] = None, **kwargs
) -> Tuple[bool, dict]:
    """Compute the diameter of the newest prototype for the kilogram

    Using the estimates for pi that we've computed earlier, we want to compute
    the diameter of the silicon sphere that works as a prototype for the
    kilogram after the 2018 redefinition of the SI-system. Given that we know
    the weight of the sphere, we can compute its diameter from the basic
    definitions and constants of the revised SI-system.

    We shall assume that the silicon in the sphere is only silicon-28, but the
    amount of other impurities in the bulk and on the surface are still
    included. These values and the method for computation is taken from
    https://doi.org/10.1016/j.crhy.2018.12.005.

    Parameters
    -----
    pi_estimates : list of float or 1D 'numpy.ndarray'
        A list of estimates for the value of the constant pi
    """
    if pi_estimates is None or len(pi_estimates) == 0:
        raise ValueError("Empty list of pi estimates given")

    # Define physical constants
    planck = 6.62607015e-34 # Planck's constant [J/Hz]
    Rydberg = 10973731.568157 # Rydberg constant [1/m]
    fine_structure = 7.2973525643e-3 # fine structure constant [-]
    c = 299792458 # speed of light [m/s]
    Ar_Si_28 = 27.9769265 # Relative molecular weight of Si-28 [-]
    Ar_e = 5.489e-4 # Relative molecular weight of an electron [-]
    lattice_parameter = 5.43102051e-10 # Si-28 lattice parameter [m]

    # We know the target mass of the silicon sphere.
    target_mass = 1.0 # Target mass of the sphere [kg]

    # Define the mass deficits of the bulk and surface layer
    m_SL = (7.1 + 12.0 + 58.2) * 1e-9 # Surface layer mass
    m_deficit = (17.1 - 2.3 - 0.5 + 6.0) * 1e-9 # Bulk mass

    # Compute the rest energy of an electron
    m_e = 2*planck*Rydberg / (c*fine_structure**2)

    # Compute the core volume of the silicon sphere
    V = (target_mass - m_SL + m_deficit) * Ar_e * \
        lattice_parameter**3 / (m_e * Ar_Si_28 * 8) # [m^3]

    # Add the 'numpy' value for pi to the end of the array
    pi_x = np.array([*pi_estimates, np.pi])

    # Compute the core diameter of the sphere using the estimates of pi
    # Final sphere diameters [mm]
    sphere_diameters = np.cbrt(6 * V / np.array(pi_x)) * 1e3

    return True, {
        "sphere_diameters": sphere_diameters[:-1],
        "actual_sphere_diameter": sphere_diameters[-1]
    }
