"""What does not suit a network is told on random weights, in the sentence that the method itself has."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from networks_of_every_kind import network
from signsight.attribution import suits
from signsight.attribution.suits import noise, refusal, refuse_unknown_target, refuse_unsuited, untrained
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models.classifier import Classifier

EXPLAIN = {"target": "predicted", "score": "logit"}
PLAIN = [name for name in methods.names() if methods.about(name).get("explains") != "boxes"]


def choice(method: str, layer: str | None = None, **parameters: Any) -> dict[str, Any]:
    return {"method": method, "parameters": parameters, "layer": layer}


@pytest.fixture(scope="module")
def compact() -> Classifier:
    return untrained("compact", {"width": 4}, ["a", "b", "c"], 16, 3)


@pytest.fixture(scope="module")
def transformer() -> Classifier:
    return network("vit")


@pytest.mark.parametrize("method", PLAIN)
def test_every_method_suits_the_networks_own(compact: Classifier, method: str) -> None:
    assert refusal(compact, choice(method), EXPLAIN) == ""


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (choice("grad_cam", "features.lats"), "'features.lats', which is not a layer of the network"),
        (choice("grad_cam", "head"), "'attribution.layer' stands for a layer"),
        (choice("layer_cam", layers=["features.nope"]), "'features.nope', which is not a layer"),
        (choice("cam", "features.first"), "CAM needs a network that averages"),
    ],
)
def test_layers_that_do_not_suit_a_method(compact: Classifier, chosen: dict[str, Any], words: str) -> None:
    assert words in refusal(compact, chosen, EXPLAIN)


def test_methods_that_a_transformer_does_not_allow(transformer: Classifier) -> None:
    assert "CAM needs" in refusal(transformer, choice("cam"), EXPLAIN)
    assert "ReLU" in refusal(transformer, choice("guided_backprop"), EXPLAIN)
    assert refusal(transformer, choice("integrated_gradients"), EXPLAIN) == ""


def test_an_operation_without_a_rule_of_lrp(compact: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cumsum(x, 1)

    layers = nn.Sequential(compact.network, Odd())
    facts = {"classes": compact.classes, "size": 16, "mean": [0.5] * 3, "std": [0.25] * 3}
    odd = Classifier(layers, architecture="odd", parameters={}, **facts)
    assert "no rule for an operation of this network" in refusal(odd, choice("lrp_epsilon"), EXPLAIN)
    assert refusal(odd, choice("saliency"), EXPLAIN) == ""


def test_all_refusals_in_one_sentence_that_names_the_key(compact: Classifier) -> None:
    chosen = {
        "shallow": choice("cam", "features.first"),
        "saliency": choice("saliency"),
        "far": choice("cam", "no"),
    }
    with pytest.raises(UserError) as caught:
        refuse_unsuited(compact, chosen, EXPLAIN, "attribution.methods")
    sentence = str(caught.value)
    assert sentence.startswith("Config key 'attribution.methods' names 'shallow', 'far', which 'compact'")
    assert "CAM needs" in sentence and sentence.endswith(".") and "saliency" not in sentence
    refuse_unsuited(compact, {"saliency": choice("saliency")}, EXPLAIN, "attribution.methods")


def test_what_takes_thousands_of_passes_is_broken_off(
    compact: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    monkeypatch.setattr(suits, "noise", lambda model: passes.clear() or noise(model))
    handle = compact.network.register_forward_pre_hook(lambda *args: passes.append(1))
    try:
        for chosen in (
            choice("rise", masks=100_000),
            choice("smooth_grad", samples=10_000),
            choice("occlusion"),
        ):
            assert refusal(compact, chosen, EXPLAIN) == ""
            assert len(passes) <= suits.ENOUGH + 1
    finally:
        handle.remove()
    assert not compact.network._forward_pre_hooks


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (3, "names class 3, but the model has 3 classes"),
        ({"class": "predicted", "against": 7}, "names class 7"),
        ({"layer": "features.nope", "channel": 0}, "names the layer 'features.nope'"),
        ({"layer": "features.last", "channel": 99}, "32 channels"),
        ({"layer": "features.last", "channel": 0, "at": [9, 0]}, "rows"),
    ],
)
def test_targets_that_the_network_does_not_have(compact: Classifier, target: Any, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        refuse_unknown_target(compact, target, "evaluation.target")
    assert "'evaluation.target'" in str(caught.value)


@pytest.mark.parametrize(
    "target", ["predicted", "true", 2, {"layer": "features.last", "channel": 3, "at": [1, 1]}]
)
def test_targets_that_it_has(compact: Classifier, target: Any) -> None:
    assert refuse_unknown_target(compact, target, "attribution.target") is None


def test_the_network_is_that_of_the_training_with_other_weights(compact: Classifier) -> None:
    again = untrained("compact", {"width": 4}, ["a", "b", "c"], 16, 3)
    assert all(torch.equal(a, b) for a, b in zip(compact.parameters(), again.parameters(), strict=True))
    assert compact.classes == ("a", "b", "c") and not compact.training
    grey = untrained("compact", {"width": 4}, ["a", "b"], 16, 1)
    assert grey.channels == 1 and refusal(grey, choice("grad_cam"), EXPLAIN) == ""
