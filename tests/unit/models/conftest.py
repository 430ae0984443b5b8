"""Networks registered for one test, and a training that nothing disturbs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from signsight.data.imageset import ImageSet
from signsight.models.names import networks
from small_training import make_images, run


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`registered(name, builder, **about)`: have the registry know this network too."""
    known: dict[str, tuple[Callable[..., nn.Module], dict[str, object]]] = {}
    names, get, about, parameters = networks.names, networks.get, networks.about, networks.parameters
    monkeypatch.setattr(networks, "names", lambda: sorted({*names(), *known}))
    monkeypatch.setattr(networks, "get", lambda name: known[name][0] if name in known else get(name))
    monkeypatch.setattr(networks, "parameters", lambda name: {} if name in known else parameters(name))
    monkeypatch.setattr(networks, "about", lambda name: known[name][1] if name in known else about(name))

    def register(name: str, builder: Callable[..., nn.Module], **about: object) -> None:
        known[name] = builder, about

    return register


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    """Sixty pictures of three classes."""
    return make_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def undisturbed(images: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder, images)
    return folder
