"""ASE's Atoms: everything that makes them, and what was computed for them."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111, molecule
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms, FixBondLength, Hookean

from perqueue.codec import BlobFolder, Unstorable, decode, encode, no_blobs

if TYPE_CHECKING:
    from pathlib import Path


def back(atoms: Any) -> Any:
    text = encode(atoms, no_blobs)
    again = decode(text, no_blobs)
    assert encode(again, no_blobs) == text
    return again


def slab() -> Any:
    atoms = fcc111("Cu", (2, 2, 2), vacuum=5.0)
    atoms.set_constraint([FixAtoms([0, 1]), FixBondLength(2, 3), Hookean(a1=4, a2=5, rt=2.0, k=3.0)])
    atoms.set_momenta(np.arange(24.0).reshape(8, 3), apply_constraint=False)
    atoms.set_initial_magnetic_moments(np.linspace(0, 1, 8))
    atoms.set_array("mine", np.arange(8, dtype="i2"))
    atoms.set_celldisp([1.0, 2.0, 3.0])
    atoms.info.update({"key": (1, 2), 5: {"nested": np.float32(1)}})
    return atoms


def test_atoms_come_back_whole() -> None:
    """Arrays of all names and dtypes, cell, pbc, displacement, constraints and info are kept."""
    atoms = slab()
    again = back(atoms)
    assert type(again) is Atoms
    assert again == atoms
    assert set(again.arrays) == set(atoms.arrays)
    for name, array in atoms.arrays.items():
        assert again.arrays[name].dtype == array.dtype
        assert np.array_equal(again.arrays[name], array)
    assert np.array_equal(again.get_celldisp(), atoms.get_celldisp())
    assert [c.todict() for c in again.constraints] == [c.todict() for c in atoms.constraints]
    assert list(again.info) == list(atoms.info)
    assert again.info["key"] == (1, 2)
    assert type(again.info[5]["nested"]) is np.float32
    assert again.calc is None


def test_empty_atoms() -> None:
    """No atoms are atoms too."""
    assert back(Atoms()) == Atoms()


def test_single_point_results() -> None:
    """Results of a SinglePointCalculator come back as such, exact, and valid for the atoms."""
    atoms = slab()
    forces = np.full((8, 3), 0.1)
    atoms.calc = SinglePointCalculator(atoms, energy=-1.5, forces=forces, magmom=None)
    again = back({"relaxed": [atoms]})["relaxed"][0]
    assert type(again.calc) is SinglePointCalculator
    assert again.get_potential_energy(apply_constraint=False) == -1.5
    assert np.array_equal(again.get_forces(apply_constraint=False), forces)
    assert again.calc.name == atoms.calc.name


def test_other_calculators_leave_their_results() -> None:
    """What EMT computed is kept under its name, as single-point results, with names that ASE doesn't know."""
    atoms = molecule("CO")
    atoms.calc = EMT()
    energy = atoms.get_potential_energy()
    atoms.calc.results["my_count"] = 3
    again = back(atoms)
    assert type(again.calc) is SinglePointCalculator
    assert again.calc.name == "emt"
    assert again.get_potential_energy() == energy
    assert again.calc.results["my_count"] == 3
    assert type(again.calc.results["my_count"]) is int


def test_stale_results_are_left_out() -> None:
    """Results of other positions never pass for those of the present ones."""
    atoms = molecule("CO")
    atoms.calc = SinglePointCalculator(atoms, energy=-1.5)
    atoms.positions += [[0, 0, 0], [0, 0, 1]]
    assert back(atoms).calc is None


def test_calculator_without_results() -> None:
    """A calculator that computed nothing leaves nothing."""
    atoms = molecule("CO")
    atoms.calc = EMT()
    assert back(atoms).calc is None


def test_large_arrays_become_blobs(tmp_path: Path) -> None:
    """The positions of many atoms go to a file."""
    blobs = BlobFolder(tmp_path)
    atoms = Atoms("H2000", positions=np.arange(6000.0).reshape(2000, 3))
    assert decode(encode(atoms, blobs), blobs) == atoms
    assert list(tmp_path.rglob("*.npy"))


def test_cell() -> None:
    """A cell alone is a cell again."""
    cell = slab().cell
    again = back(cell)
    assert type(again) is type(cell)
    assert np.array_equal(again.array, cell.array)


def test_what_cannot_be_stored_is_named() -> None:
    """Constraints without todict, and objects in info, are refused with the path to them."""

    class Odd:
        index = ()

    atoms = molecule("CO")
    atoms.info["x"] = object()
    with pytest.raises(Unstorable, match=r"'a.info.x' can't be stored"):
        encode({"a": atoms}, no_blobs)
    atoms.info.clear()
    atoms.constraints = [Odd()]
    with pytest.raises(Unstorable, match=r"'a'.*the constraint '.*Odd', which has no todict"):
        encode({"a": atoms}, no_blobs)
