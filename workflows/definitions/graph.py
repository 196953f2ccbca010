"""The shape of a definition: what can be reached, what can have run before, what goes round. Linear in nodes and edges."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from workflows.definitions.document import Definition


class Graph:
    """Nodes numbered in the document's order. Edges to or from unknown nodes are left out; the validation tells of them."""

    def __init__(self, definition: Definition) -> None:
        self.ids = [node.id for node in definition.nodes]
        self.number = {node: number for number, node in enumerate(self.ids)}
        self.after: list[list[int]] = [[] for _ in self.ids]
        for edge in definition.edges:
            if edge.source in self.number and edge.target in self.number:
                self.after[self.number[edge.source]].append(self.number[edge.target])
        self.apart = {node: owner for node, owner in definition.apart.items() if node in self.number and node != owner}
        """What undoes a node, or does the work of a map, with that node. No edge leads there, yet it runs."""

    def reachable(self, start: str) -> frozenset[str]:
        """Return the nodes that can run when the run starts at ``start``, itself and what belongs to those nodes included."""
        found = {self.number[start]}
        waiting = [self.number[start]]
        while waiting:
            new = [node for node in self.after[waiting.pop()] if node not in found]
            found.update(new)
            waiting.extend(new)
        apart = {node for node, owner in self.apart.items() if self.number[owner] in found}
        undos = {node for node, owner in self.apart.items() if owner in apart}
        return frozenset(self.ids[node] for node in found) | apart | undos

    def can_precede(self, earlier: str, later: str) -> bool:
        """Say whether a way leads from ``earlier`` to ``later``; to itself, whether it is on a cycle."""
        place = self.apart.get(later, later)
        place = self.apart.get(place, place)
        if place != later and earlier in (self.apart[later], place):
            return True
        return bool(self._before[self.number[place]] >> self.number[earlier] & 1)

    @cached_property
    def cycles(self) -> list[list[str]]:
        """Return the groups of nodes that can reach each other and themselves, each in the document's order."""
        return [[self.ids[node] for node in sorted(group)] for group in self._groups if self._goes_round(group)]

    def leaves(self, group: list[str]) -> bool:
        """Say whether an edge leads out of the group."""
        inside = {self.number[node] for node in group}
        return any(after not in inside for node in inside for after in self.after[node])

    def _goes_round(self, group: list[int]) -> bool:
        return len(group) > 1 or group[0] in self.after[group[0]]

    @cached_property
    def _before(self) -> list[int]:
        """For each node the nodes that can have run before it, as the bits of an integer."""
        before = [0] * len(self.ids)
        for group in reversed(self._groups):  # from the start of the workflow to its end
            known = 0
            for node in group:
                known |= before[node]
            inside = set(group)
            members = sum(1 << node for node in group)
            if self._goes_round(group):
                known |= members
            for node in group:
                before[node] = known
            for node in group:
                for after in self.after[node]:
                    before[after] |= known | members if after not in inside else 0
        return before

    @cached_property
    def _groups(self) -> list[list[int]]:
        """The strongly connected components, every one before those that lead to it (Tarjan 1972, without recursion)."""
        return list(_components(self.after))


def _components(after: list[list[int]]) -> Iterator[list[int]]:
    index = [-1] * len(after)
    low = [0] * len(after)
    on_stack = [False] * len(after)
    stack: list[int] = []
    count = 0
    for root in range(len(after)):
        work = [(root, iter(after[root]))] if index[root] < 0 else []
        while work:
            node, rest = work[-1]
            if index[node] < 0:
                index[node] = low[node] = count
                count += 1
                stack.append(node)
                on_stack[node] = True
            following = next(rest, None)
            if following is not None:
                if index[following] < 0:
                    work.append((following, iter(after[following])))
                elif on_stack[following]:
                    low[node] = min(low[node], index[following])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                yield _popped(stack, on_stack, node)


def _popped(stack: list[int], on_stack: list[bool], until: int) -> list[int]:
    group = []
    while True:
        node = stack.pop()
        on_stack[node] = False
        group.append(node)
        if node == until:
            return group
