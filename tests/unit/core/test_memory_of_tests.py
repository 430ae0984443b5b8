"""A file of tests lets go of what its functions have cached, and of nothing else."""

from __future__ import annotations

from functools import cache, lru_cache
from types import ModuleType

from memory import forget, peak, resident
from signsight.figures.style import method_style


def test_caches_of_tests_are_emptied_and_those_of_the_package_are_kept() -> None:
    @cache
    def network(name: str) -> list[str]:
        return [name]

    @lru_cache(maxsize=1)
    def other() -> int:
        return 1

    module = ModuleType("a_file_of_tests")
    module.network, module.other, module.method_style, module.number = network, other, method_style, 3
    network("a")
    other()
    method_style("random")
    forget(module)
    assert network.cache_info().currsize == other.cache_info().currsize == 0
    assert method_style.cache_info().currsize > 0


def test_memory_is_told_in_gigabytes() -> None:
    assert 0.02 < peak() < 100 and resident() <= 1.01 * peak()
