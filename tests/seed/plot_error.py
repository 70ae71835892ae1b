from typing import List, Tuple, Union

import matplotlib.pyplot as plt
import numpy as np

# Increase resolution of the saved figure
plt.rcParams["savefig.dpi"] = 300


def main(
    pi_estimates: Union[List[float], np.ndarray] = None, N_samples: int = 1,
    savefig_filename: str = None, **kwargs
) -> Tuple[bool, dict]:
    """Plot the absolute error of the given estimates of pi

    Compute the absolute error between the given values of pi and the value
    given by 'numpy.pi'.

    Parameters
    -----
    pi_estimates : list of float or 1D 'numpy.ndarray'
        A list of estimates for the value of the constant pi
    N_samples : int
        The number of samples used to generate the last estimate
    savefig_filename : str, optional
        If this parameter is not 'None', the generated graph is saved to the
        filename and path given. Otherwise, the graph is shown as an
        interactive window.
    """
    if pi_estimates is None or len(pi_estimates) == 0:
        raise ValueError("Empty list of pi estimates given")

    # Compute the x-tick locations
    n = [10**i for i in range(np.log10(N_samples).astype(int) + 1)]

    # Create figure and plot the absolute error as a log-log plot
    fig, ax = plt.subplots()
    ax.loglog(n, np.abs(np.array(pi_estimates) - np.pi))
    ax.set(
        xlabel="Number of generated points",
        ylabel="Absolute error from value of \"numpy.pi\""
    )
    ax.grid()

    # Either save or show the graph
    if savefig_filename is not None:
        fig.savefig(savefig_filename)
    else:
        plt.show()

    return True, None
