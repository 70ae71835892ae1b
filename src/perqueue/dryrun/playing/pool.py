"""The nodes of one partition, and who is on them. Jobs start strictly in the order in which they came."""

from __future__ import annotations

import math

from attrs import frozen

from perqueue.core.resources import Resources


@frozen
class Size:
    """How large a partition is; None: without a limit.

    Args:
        name: What it is called.
        nodes: How many nodes it has.
        cores: Cores of a node.
        gpus: GPUs of a node.
        max_jobs: Most jobs in the scheduler's queue at once.
        gpus_each: GPUs of a job that doesn't say.
        exclusive: Whether its jobs have their nodes for themselves.
    """

    name: str
    nodes: int | None = None
    cores: int | None = None
    gpus: int | None = None
    max_jobs: int | None = None
    gpus_each: int = 0
    exclusive: bool = False


@frozen
class Request:
    """What a job takes of a partition.

    Args:
        nodes: On how many nodes.
        cores: Cores of each of them.
        gpus: GPUs of each of them.
        all_cores: Cores that it holds on all of them.
        all_gpus: GPUs that it holds on all of them.
        avoid: Nodes that it must not use.
    """

    nodes: int
    cores: int
    gpus: int
    all_cores: int
    all_gpus: int
    avoid: frozenset[str] = frozenset()


@frozen
class Taken:
    """What a job holds: the nodes by number, none where the partition has no limit."""

    request: Request
    nodes: tuple[int, ...] = ()


class Pool:
    """The nodes of one partition. Nodes are alike, so only those in different use are told apart."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self._free: dict[int, tuple[int, int]] = {}
        self._alike: dict[tuple[int, int], dict[int, None]] = {}
        for node in range(size.nodes or 0):
            self._put(node, (self._cores, self._gpus))

    @property
    def _cores(self) -> int:
        # Where nobody says how many cores a node has, a job has its nodes for itself.
        return self.size.cores or 1

    @property
    def _gpus(self) -> int:
        # Where nobody says, they are not what a job waits for.
        return _PLENTY if self.size.gpus is None else self.size.gpus

    def request(self, resources: Resources) -> Request:
        """What a job with these resources takes."""
        node = self.size.cores
        gpus = resources.gpus or self.size.gpus_each
        nodes = resources.nodes or (math.ceil(resources.cores / node) if node else 1)
        if self.size.gpus:
            nodes = max(nodes, math.ceil(gpus / self.size.gpus))
        whole = node is None or resources.exclusive or self.size.exclusive
        cores = self._cores if whole else math.ceil(resources.cores / nodes)
        all_cores = nodes * node if whole and node else resources.cores
        return Request(nodes, cores, math.ceil(gpus / nodes), all_cores, gpus, frozenset(resources.avoid))

    def never(self, request: Request) -> str:
        """Why a job can't start even where nothing else runs; empty if it can."""
        size = self.size
        if size.nodes is None:
            return ""
        if request.nodes > size.nodes:
            return f"it takes {request.nodes} nodes of {size.name}, which has {size.nodes}"
        if request.cores > self._cores:
            return f"it takes {request.cores} cores of a node of {size.name}, which has {size.cores}"
        if request.gpus > self._gpus:
            return f"it takes {request.gpus} GPUs of a node of {size.name}, which has {size.gpus}"
        if request.avoid and size.nodes - len(self._avoided(request)) < request.nodes:
            return f"it must not use {', '.join(sorted(request.avoid))}, and {size.name} has too few other nodes"
        return ""

    def take(self, request: Request) -> Taken | None:
        """Take what a job needs, from the fullest nodes that have it; None if it has to wait."""
        if self.size.nodes is None:
            return Taken(request)
        avoided = self._avoided(request)
        chosen: list[int] = []
        for free in sorted(free for free in self._alike if free[0] >= request.cores and free[1] >= request.gpus):
            for node in self._alike[free]:
                if node not in avoided:
                    chosen.append(node)
                    if len(chosen) == request.nodes:
                        return self._take(request, chosen)
        return None

    def give_back(self, taken: Taken) -> None:
        """A job has ended."""
        for node in taken.nodes:
            cores, gpus = self._free[node]
            self._put(node, (cores + taken.request.cores, gpus + taken.request.gpus))

    def host(self, taken: Taken) -> str:
        """The name of a job's first node; empty where nodes are not told apart."""
        return self._name(taken.nodes[0]) if taken.nodes else ""

    def _take(self, request: Request, chosen: list[int]) -> Taken:
        for node in chosen:
            cores, gpus = self._free[node]
            self._put(node, (cores - request.cores, gpus - request.gpus))
        return Taken(request, tuple(chosen))

    def _put(self, node: int, free: tuple[int, int]) -> None:
        if (before := self._free.get(node)) is not None:
            del self._alike[before][node]
            if not self._alike[before]:
                del self._alike[before]
        self._free[node] = free
        self._alike.setdefault(free, {})[node] = None

    def _avoided(self, request: Request) -> set[int]:
        if not request.avoid:
            return set()
        return {node for node in range(self.size.nodes or 0) if self._name(node) in request.avoid}

    def _name(self, node: int) -> str:
        return f"{self.size.name}-{node + 1}"


_PLENTY = 1 << 40
