"""Stands in for kinetic Monte Carlo from the equilibrium at one temperature."""

from typing import Any


def main(steps: int, temperature: int, **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    return True, {"diffusion": temperature / steps}
