from typing import Tuple

import numpy as np


def main(N_samples: int = 1, **kwargs) -> Tuple[bool, dict]:
    """Compute an estimate of pi using Monte Carlo sampling

    Parameters
    -----
    N_samples : int
        The number of samples to generate for the estimate
    """
    # Seed the random number generator
    np.random.seed(1023)

    # Generate N points in the x-y plane
    X = np.random.random_sample((2, N_samples))

    # Calculate the squared distance from origo of each point and determine
    # which points are inside the unit circle
    inside_mask = (X**2).sum(axis=0) <= 1

    # Calculate the cumulative number of points inside the unit circle
    cs = np.cumsum(inside_mask)

    # Calculate the estimate of pi in logarithmic intervals
    estimates = np.array([
        4 * cs[10**i - 1] / 10**i
        for i in range(np.log10(N_samples).astype(int) + 1)
    ])

    return True, {"pi_estimates": estimates, 'N_samples': N_samples}
