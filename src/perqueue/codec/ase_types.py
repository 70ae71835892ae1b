"""The codec of ASE's Atoms and Cell.

Stored of Atoms: every array (numbers, positions, momenta, tags, magnetic moments, your own), cell, pbc,
celldisp, constraints, ``info``, and what the calculator has computed. The calculator itself can't be stored,
so it comes back as a SinglePointCalculator of the same results and name, whichever class it was. Results that
belong to other positions than the atoms' present ones (ASE would compute them anew when asked) are left out,
as ASE's own files do, and then ``calc`` is None.
"""

from __future__ import annotations

from perqueue.codec.errors import Refused
from perqueue.codec.registry import Codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _atoms_to(atoms: Any) -> dict[str, object]:
    return {
        "arrays": dict(atoms.arrays),
        "cell": atoms.cell.array,
        "pbc": atoms.pbc,
        "celldisp": atoms.get_celldisp(),
        "constraints": [_constraint_to(constraint) for constraint in atoms.constraints],
        "info": atoms.info,
        "calc": _results_of(atoms),
    }


def _constraint_to(constraint: Any) -> object:
    if not hasattr(constraint, "todict"):
        raise Refused(
            f"atoms with the constraint {type(constraint).__qualname__!r}, which has no todict()",
            "give the constraint a todict(), or take it off before you return the atoms",
        )
    return constraint.todict()


def _results_of(atoms: Any) -> object:
    calc = atoms.calc
    results = getattr(calc, "results", None)
    if not results:
        return None
    if getattr(calc, "atoms", None) is not None and calc.check_state(atoms):
        return None
    return {"name": getattr(calc, "name", None), "results": dict(results)}


def _atoms_from(stored: dict[str, Any]) -> object:
    from ase import Atoms
    from ase.constraints import dict2constraint

    atoms: Any = Atoms(cell=stored["cell"], pbc=stored["pbc"], celldisp=stored["celldisp"])
    atoms.arrays = stored["arrays"]
    atoms.info = stored["info"]
    atoms.set_constraint([dict2constraint(item) for item in stored["constraints"]])
    if stored["calc"] is not None:
        from ase.calculators.singlepoint import SinglePointCalculator

        # Given to the results directly: the constructor refuses names it doesn't know and turns integers into
        # floats.
        make: Any = SinglePointCalculator  # ase is partly typed, differently in each version
        calc = make(atoms)
        calc.results.update(stored["calc"]["results"])
        if stored["calc"]["name"] is not None:
            calc.name = stored["calc"]["name"]
        atoms.calc = calc
    return atoms


def _cell_to(cell: Any) -> object:
    return cell.array


def _cell_from(array: Any) -> object:
    from ase.cell import Cell

    make: Any = Cell
    return make(array)


ASE_CODECS = (
    Codec("ase.atoms", ("ase.atoms.Atoms",), _atoms_to, _atoms_from),
    Codec("ase.cell", ("ase.cell.Cell",), _cell_to, _cell_from),
)
