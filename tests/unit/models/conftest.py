"""Networks registered for one test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn

from signsight.models.names import networks


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`registered(name, builder, **about)`: have the registry know this network too."""
    known: dict[str, tuple[Callable[..., nn.Module], dict[str, object]]] = {}
    names, get, about = networks.names, networks.get, networks.about
    monkeypatch.setattr(networks, "names", lambda: sorted({*names(), *known}))
    monkeypatch.setattr(networks, "get", lambda name: known[name][0] if name in known else get(name))
    monkeypatch.setattr(networks, "about", lambda name: known[name][1] if name in known else about(name))

    def register(name: str, builder: Callable[..., nn.Module], **about: object) -> None:
        known[name] = builder, about

    return register
