"""What a submission looks like from inside: interpreter, folder and the environment that its tasks will have.

Only variables on an allow-list are kept, nothing that looks like a secret is, and a scheduler's own variables are left
out: a job's environment must not leak into what it submits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from perqueue.core.records import Context

USUAL: Final = (
    # who and where
    "HOME", "USER", "LOGNAME", "SHELL", "PATH", "TMPDIR", "TMP", "TEMP", "SCRATCH*", "WORK", "HOSTNAME",
    # language
    "LANG", "LANGUAGE", "LC_*", "TZ",
    # how programs find their parts
    "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_*", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH", "MANPATH", "PYTHON*",
    "VIRTUAL_ENV", "CONDA_*", "MAMBA_*", "MODULE*", "LOADEDMODULES", "_LMFILES_", "LMOD_*", "EASYBUILD*", "EB*",
    "XDG_*",
    # how they compute
    "OMP_*", "MKL_*", "OPENBLAS_*", "BLIS_*", "NUMEXPR_*", "KMP_*", "GOMP_*", "CUDA_*", "NVIDIA_*", "HIP_*", "ROCR_*",
    "OMPI_MCA_*", "I_MPI_*", "UCX_*", "MPLBACKEND", "MPLCONFIGDIR", "NUMBA_*", "JAX_*", "XLA_*", "TORCH_*", "TF_*",
    # this field's programs
    "ASE_*", "VASP_*", "GPAW_*", "ESPRESSO_*", "QE_*", "CP2K_*", "LAMMPS_*", "ORCA_*", "SIESTA_*", "ABINIT_*", "AIMS_*",
    "CASTEP_*", "DFTB_*", "PMG_*",
)  # fmt: skip
"""Names of environment variables that tasks get; ``*`` stands for anything."""

SCHEDULERS: Final = (
    "SLURM_*",
    "SLURMD_*",
    "SBATCH_*",
    "SRUN_*",
    "SALLOC_*",
    "PBS_*",
    "LSB_*",
    "FLUX_*",
    "PMI_*",
    "PMIX_*",
)
"""What belongs to the job that submits, if it is one."""

SECRETS: Final = (
    "*TOKEN*",
    "*SECRET*",
    "*PASSWORD*",
    "*PASSWD*",
    "*CREDENTIAL*",
    "*API_KEY*",
    "*APIKEY*",
    "*PRIVATE_KEY*",
    "*ACCESS_KEY*",
    "*PASSPHRASE*",
    "*_PASS",
    "*_PWD",
)
"""What is never stored, even if the configuration allows it."""

_PATH_LISTS: Final = frozenset({"PATH", "PYTHONPATH", "LD_LIBRARY_PATH"})


def capture(allow: Iterable[str] = (), environ: Mapping[str, str] | None = None) -> Context:
    """The present process's context; ``allow``: names of variables to keep besides the usual ones."""
    environ = os.environ if environ is None else environ
    folder = os.getcwd()
    kept = select(environ, allow)
    env = tuple((name, _absolute(name, value, folder)) for name, value in sorted(kept.items()))
    return Context(sys.executable, folder, env)


def select(environ: Mapping[str, str], allow: Iterable[str] = ()) -> dict[str, str]:
    """The variables that tasks get."""
    wanted = (*USUAL, *allow)
    return {
        name: value
        for name, value in environ.items()
        if _fits(name, wanted) and not _fits(name, SCHEDULERS) and not _fits(name.upper(), SECRETS)
    }


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(name == pattern or ("*" in pattern and fnmatchcase(name, pattern)) for pattern in patterns)


def _absolute(name: str, value: str, folder: str) -> str:
    """Search paths relative to the submission's folder keep their meaning in a process that starts elsewhere."""
    if name not in _PATH_LISTS:
        return value
    # An empty part means the current folder, except that an empty value means nothing.
    parts = value.split(os.pathsep) if value else []
    return os.pathsep.join(os.path.join(folder, part) if part else folder for part in parts)
