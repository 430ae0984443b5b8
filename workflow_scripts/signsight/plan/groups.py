"""Methods that one job runs one after the other, so that torch is started once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

ANY_METRIC = "[a-z0-9_]+"


@dataclass(frozen=True)
class Group:
    """The methods of one job: one that a wildcard names, or several of the config's list.

    members: what stands for the methods in names of files. number: tells the rules of several groups apart;
    None where there is but one rule. metrics: regular expression of the metrics that the group is for.
    """

    members: tuple[str, ...]
    number: int | None = None
    metrics: str = ANY_METRIC

    @property
    def label(self) -> str:
        """The group in names of logs and benchmarks."""
        first, last = self.members[0], self.members[-1]
        return first if first == last else f"{first}_to_{last}"

    def rule(self, name: str) -> str:
        """The name of the rule for this group."""
        return name if self.number is None else f"{name}_{self.number}"

    def files(self, pattern: str) -> list[str]:
        """A file for each method, from a pattern with the wildcard `method`."""
        return [pattern.replace("{method}", member) for member in self.members]

    def names(self, wildcards: Any) -> list[str]:
        """The methods of a job with these wildcards."""
        return [member.format(**dict(wildcards.items())) for member in self.members]

    def each(self, about: Callable[..., Any]) -> Callable[[Any], dict[str, Any]]:
        """A param: method -> `about(method)`, or `about(metric, method)` of a rule with metrics."""

        def param(wildcards: Any) -> dict[str, Any]:
            known = dict(wildcards.items())
            metric = (known["metric"],) if "metric" in known else ()
            return {name: about(*metric, name) for name in self.names(wildcards)}

        return param


def groups_of(pools: Sequence[tuple[str, Sequence[str]]], size: int) -> list[Group]:
    """Groups of up to `size` consecutive methods of each pool, a pair (metrics, methods).

    With a size of 1 all methods share one rule with the wildcard `method`, so that a method that no list
    names can be asked for by its file.
    """
    if size == 1:
        return [Group(("{method}",))]
    parts = [
        (tuple(methods[start : start + size]), metrics)
        for metrics, methods in pools
        for start in range(0, len(methods), size)
    ]
    numbers = [None] if len(parts) == 1 else range(1, len(parts) + 1)
    return [Group(members, n, metrics) for n, (members, metrics) in zip(numbers, parts, strict=True)]
