# What perqueue uses of networkx, which ships no types. Add to it what you come to use, and no more.
# The drawing functions' rarer keywords are left to **kwds.
# DiGraph takes its node type here only: write `nx.DiGraph[Task]` in annotations, never in an expression.

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, TypeAlias, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
from numpy.typing import NDArray
from typing_extensions import TypeVar

_N = TypeVar("_N", bound=Hashable, default=Any)
_Data: TypeAlias = dict[str, Any]
_Positions: TypeAlias = Mapping[_N, Sequence[float] | NDArray[np.float64]]

class _NodeView(Mapping[_N, _Data]):
    def __getitem__(self, n: _N) -> _Data: ...
    def __iter__(self) -> Iterator[_N]: ...
    def __len__(self) -> int: ...
    @overload
    def __call__(self, data: Literal[False] = False, default: Any = None) -> _NodeView[_N]: ...
    @overload
    def __call__(self, data: Literal[True], default: Any = None) -> Collection[tuple[_N, _Data]]: ...
    @overload
    def __call__(self, data: str, default: Any = None) -> Collection[tuple[_N, Any]]: ...

class _EdgeView(Mapping[tuple[_N, _N], _Data]):
    def __getitem__(self, e: tuple[_N, _N]) -> _Data: ...
    def __iter__(self) -> Iterator[tuple[_N, _N]]: ...
    def __len__(self) -> int: ...
    @overload
    def __call__(
        self, nbunch: Iterable[_N] | None = None, data: Literal[False] = False, *, default: Any = None
    ) -> Collection[tuple[_N, _N]]: ...
    @overload
    def __call__(
        self, nbunch: Iterable[_N] | None = None, *, data: Literal[True], default: Any = None
    ) -> Collection[tuple[_N, _N, _Data]]: ...
    @overload
    def __call__(
        self, nbunch: Iterable[_N] | None = None, *, data: str, default: Any = None
    ) -> Collection[tuple[_N, _N, Any]]: ...

class DiGraph(Generic[_N]):
    graph: dict[str, Any]
    def __init__(
        self, incoming_graph_data: DiGraph[_N] | Iterable[tuple[_N, _N]] | None = None, **attr: Any
    ) -> None: ...
    @property
    def nodes(self) -> _NodeView[_N]: ...
    @property
    def edges(self) -> _EdgeView[_N]: ...
    def __contains__(self, n: object) -> bool: ...
    def __iter__(self) -> Iterator[_N]: ...
    def __len__(self) -> int: ...
    def add_node(self, node_for_adding: _N, **attr: Any) -> None: ...
    def add_edge(self, u_of_edge: _N, v_of_edge: _N, **attr: Any) -> None: ...
    def add_nodes_from(self, nodes_for_adding: Iterable[_N | tuple[_N, _Data]], **attr: Any) -> None: ...
    def add_edges_from(self, ebunch_to_add: Iterable[tuple[_N, _N] | tuple[_N, _N, _Data]], **attr: Any) -> None: ...
    def has_edge(self, u: _N, v: _N) -> bool: ...
    def number_of_nodes(self) -> int: ...
    def predecessors(self, n: _N) -> Iterator[_N]: ...
    def successors(self, n: _N) -> Iterator[_N]: ...

# Raises NetworkXUnfeasible, while it is iterated, if the graph has a cycle.
def topological_generations(G: DiGraph[_N]) -> Iterator[list[_N]]: ...
def multipartite_layout(
    G: DiGraph[_N],
    subset_key: str | Mapping[Any, Iterable[_N]] = "subset",
    align: Literal["vertical", "horizontal"] = "vertical",
    scale: float = 1,
    center: Sequence[float] | None = None,
    store_pos_as: str | None = None,
) -> dict[_N, NDArray[np.float64]]: ...
def draw_networkx(
    G: DiGraph[_N],
    pos: _Positions[_N] | None = None,
    arrows: bool | None = None,
    with_labels: bool = True,
    *,
    ax: Axes | None = None,
    **kwds: Any,
) -> None: ...
def draw_networkx_nodes(
    G: DiGraph[_N],
    pos: _Positions[_N],
    nodelist: Sequence[_N] | None = None,
    node_size: float | Sequence[float] = 300,
    node_color: str | Sequence[Any] = "#1f78b4",
    node_shape: str = "o",
    *,
    ax: Axes | None = None,
    linewidths: float | Sequence[float] | None = None,
    edgecolors: str | Sequence[Any] | None = None,
    **kwds: Any,
) -> PathCollection: ...

# With arrows=None or True a DiGraph's edges are patches; arrows=False, a line collection, is left out.
def draw_networkx_edges(
    G: DiGraph[_N],
    pos: _Positions[_N],
    edgelist: Sequence[tuple[_N, _N]] | None = None,
    width: float | Sequence[float] = 1.0,
    edge_color: str | Sequence[Any] = "k",
    style: str | Sequence[str] = "solid",
    *,
    ax: Axes | None = None,
    arrows: Literal[True] | None = None,
    node_size: float | Sequence[float] = 300,
    **kwds: Any,
) -> list[FancyArrowPatch]: ...
def draw_networkx_labels(
    G: DiGraph[_N],
    pos: _Positions[_N],
    labels: Mapping[_N, str] | None = None,
    font_size: float = 12,
    *,
    ax: Axes | None = None,
    **kwds: Any,
) -> dict[_N, Text]: ...
def draw_networkx_edge_labels(
    G: DiGraph[_N],
    pos: _Positions[_N],
    edge_labels: Mapping[tuple[_N, _N], str] | None = None,
    *,
    ax: Axes | None = None,
    **kwds: Any,
) -> dict[tuple[_N, _N], Text]: ...

class NetworkXException(Exception): ...
class NetworkXError(NetworkXException): ...
class NetworkXUnfeasible(NetworkXException): ...
