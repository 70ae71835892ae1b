"""The names that task scripts may also write as strings."""

from __future__ import annotations

from perqueue.core import keys


def test_keys_are_those_of_scripts() -> None:
    """Each constant is the string that scripts have been using all along."""
    assert {name: value for name, value in vars(keys).items() if name.isupper()} == {
        "CYCLICALGROUP_KEY": "pq_toggle_key",
        "DYNAMICWIDTHGROUP_KEY": "pq_dwg_width",
        "INDEX_KW": "pq_index",
        "ITER_KW": "pq_iteration",
        "MAXTRIES_KW": "pq_max_tries",
        "SWITCHGROUP_KEY": "pq_switch_key",
        "SWITCHGROUP_SKIP": "pq_skip_route",
        "VALUE_KW": "pq_value",
        "CONTROL_KEYS": {"pq_max_tries", "pq_toggle_key", "pq_dwg_width", "pq_switch_key"},
    }
