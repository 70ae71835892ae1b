"""``pq config``: every value of the configuration, with where it came from."""

from __future__ import annotations

import json
import os

from perqueue.config import load_layers
from perqueue.config.listing import all_values

from ..printing import put, put_json
from ..tables import Line, print_table


def show_settings(*, as_json: bool) -> None:
    """Show the configuration of the current folder.

    Raises:
        ConfigError: It can't be used.
    """
    layers = load_layers(os.getcwd())
    found = all_values(layers)
    if as_json:
        settings = [{"key": one.key, "value": json.loads(_text(one.value)), "from": one.source} for one in found]
        put_json({"files": list(layers.files), "settings": settings})
        return
    lines = [Line((one.key, _text(one.value), one.source)) for one in found]
    print_table(("Key", "Value", "From"), lines, flexible=("Value",))
    put()
    put(f"Files, the first counts first: {', '.join(layers.files) or 'none'}")


def _text(value: object) -> str:
    """As TOML has it; dates and what is not finite, which only tables of options may hold, as text."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        return json.dumps(str(value))
