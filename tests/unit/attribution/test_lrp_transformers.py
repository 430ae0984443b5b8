"""LRP through layer normalisation, GELU and attention: conservation, and a network written out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.vision_transformer import VisionTransformer

from signsight.attribution.lrp.propagate import relevance
from signsight.attribution.lrp.rules import AlphaBeta, Epsilon, Flat, Gamma, Rule, Rules, ZBox
from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.core.errors import UserError
from signsight.models.classifier import Classifier
from small_models import TRANSFORMERS, classifier, transformer

LRP_0 = Rules(Epsilon(0), Epsilon(0))
RULES = [Epsilon(0), Gamma(0.25)]
TARGETS = torch.tensor([1, 4])
PIXELS = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(4))


def without_bias(kind: str) -> Classifier:
    """Nothing is added anywhere, so that all relevance comes from the image."""
    model = transformer(kind)
    added = ("bias", "running_mean", "class_token", "pos_embedding")
    for name, values in model.network.state_dict(keep_vars=True).items():
        if name.endswith(added) and not name.endswith("position_bias"):
            nn.init.zeros_(values)
    return model


def explained(model: Classifier, rules: Rules) -> torch.Tensor:
    with frozen(model):
        return relevance(model, PIXELS, Classes(TARGETS), rules)


def logits(model: Classifier) -> torch.Tensor:
    with torch.no_grad():
        return model(PIXELS).gather(1, TARGETS[:, None])[:, 0]


# In layers of eight inputs, all contributions to an output may be of one sign, and alpha-beta loses a share.
CASES = [*((kind, rule) for kind in TRANSFORMERS for rule in RULES), *(("vit", AlphaBeta(a)) for a in (1, 2))]


@pytest.mark.parametrize(("kind", "rule"), CASES, ids=str)
def test_relevance_is_conserved(kind: str, rule: Rule) -> None:
    model = without_bias(kind)
    found = explained(model, Rules(rule, rule))
    spread = found.abs().sum((1, 2, 3))
    assert ((found.sum((1, 2, 3)) - logits(model)).abs() < 2e-4 * spread).all()


@pytest.mark.parametrize("first", [ZBox(), Flat()], ids=repr)
@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_rules_at_the_image_keep_what_reaches_the_first_layer(kind: str, first: Rule) -> None:
    model = without_bias(kind)
    found = explained(model, Rules(Epsilon(0), Epsilon(0), first))
    assert ((found.sum((1, 2, 3)) - logits(model)).abs() < 2e-4 * found.abs().sum((1, 2, 3))).all()


def fixed_norm(norm: nn.LayerNorm, x: torch.Tensor) -> torch.Tensor:
    divisor = (x.var(-1, correction=0, keepdim=True) + norm.eps).sqrt().detach()
    return (x - x.mean(-1, keepdim=True)) / divisor * norm.weight + norm.bias


def fixed_gelu(x: torch.Tensor) -> torch.Tensor:
    return x * (F.gelu(x) / x).detach()


def fixed_attention(layer: nn.MultiheadAttention, x: torch.Tensor) -> torch.Tensor:
    """(B, T, E); the attention itself is held fixed, head by head."""
    seen, width = [], layer.head_dim
    projected = [
        F.linear(x, w, b)
        for w, b in zip(layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3), strict=True)
    ]
    for head in range(layer.num_heads):
        q, k, v = (part[..., head * width : (head + 1) * width] for part in projected)
        seen.append(torch.softmax(q @ k.transpose(1, 2) / width**0.5, -1).detach() @ v)
    return F.linear(torch.cat(seen, -1), layer.out_proj.weight, layer.out_proj.bias)


def by_hand(network: VisionTransformer, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of a vision transformer whose divisors, activations' factors and attention are fixed.

    Also the tokens behind the first block.
    """
    patches = network.conv_proj(image).flatten(2).transpose(1, 2)
    x = torch.cat([network.class_token.expand(len(image), -1, -1), patches], 1)
    x = x + network.encoder.pos_embedding
    behind = []
    for block in network.encoder.layers:
        x = x + fixed_attention(block.self_attention, fixed_norm(block.ln_1, x))
        x = x + block.mlp[3](fixed_gelu(block.mlp[0](fixed_norm(block.ln_2, x))))
        behind.append(x)
    return network.heads(fixed_norm(network.encoder.ln, x)[:, 0]), behind[0]


def test_lrp_0_is_gradient_times_input_of_the_network_with_fixed_factors() -> None:
    model = transformer("vit")
    image = model.normalise(PIXELS).detach().requires_grad_()
    scores, tokens = by_hand(model.network, image)
    torch.testing.assert_close(scores, model(PIXELS), rtol=1e-4, atol=1e-5)
    at_image, at_tokens = torch.autograd.grad(scores.gather(1, TARGETS[:, None]).sum(), (image, tokens))
    torch.testing.assert_close(explained(model, LRP_0), at_image * image.detach(), rtol=1e-3, atol=1e-6)
    with frozen(model):  # read out behind the first block: 4 x 4 places, the class token left out
        found = relevance(model, PIXELS, Classes(TARGETS), LRP_0, model.network.encoder.layers[0])
    expected = (at_tokens * tokens.detach())[:, 1:].mT.unflatten(2, (4, 4))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)


class Attending(nn.Module):
    """Tokens from patches, one way of attending, and a head on their mean."""

    def __init__(self, attend: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.patches, self.attend, self.head = nn.Conv2d(3, 8, 8, 8), attend, nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.attend(self.patches(x).flatten(2).transpose(1, 2)).mean(1))


def with_mask(x: torch.Tensor) -> torch.Tensor:
    later = torch.ones(16, 16, dtype=torch.bool).triu(1)
    return (x @ x.mT).masked_fill(later, -torch.inf).softmax(-1) @ x


SAME = {
    "matmul": lambda x: torch.softmax(0.1 * torch.matmul(x, x.transpose(1, 2)), -1) @ x,
    "bmm": lambda x: torch.bmm(F.softmax(0.1 * torch.bmm(x, x.transpose(1, 2)), -1), x),
    "einsum": lambda x: torch.einsum("bij,bjc->bic", (torch.einsum("bic,bjc->bij", x, x) / 10).softmax(2), x),
    "fused": lambda x: F.scaled_dot_product_attention(x, x, value=x, scale=0.1),
}


def test_attention_is_the_same_however_it_is_written() -> None:
    maps = [explained(classifier(Attending(attend), 5, 32), LRP_0) for attend in SAME.values()]
    for found in maps[1:]:
        torch.testing.assert_close(found, maps[0], rtol=1e-4, atol=1e-7)
    assert explained(classifier(Attending(with_mask), 5, 32), LRP_0).isfinite().all()


LAYER = nn.MultiheadAttention(8, 2, batch_first=True).requires_grad_(False).eval()


def test_asking_for_the_weights_of_attention_changes_nothing() -> None:
    with_weights, without = (
        explained(
            classifier(Attending(lambda x, need=need: LAYER(x, x, x, need_weights=need)[0]), 5, 32), LRP_0
        )
        for need in (True, False)
    )
    torch.testing.assert_close(with_weights, without)


ODD = {
    "product of two activations": lambda x: (x @ x.mT) @ x,
    "sigmoid or softmax other than as a factor": lambda x: (
        (x @ x.mT).softmax(-1) + 1 - x.mean(2, keepdim=True)
    ),
    r"\(matmul\)": lambda x: x @ torch.eye(8),
    "attention with a mask or to other tokens": lambda x: LAYER(x, x.flip(1), x)[0],
    "layer_norm": lambda x: torch.layer_norm(x, (8,)),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_attention_is_refused(what: str) -> None:
    with pytest.raises(UserError, match=what):
        explained(classifier(Attending(ODD[what]), 5, 32), LRP_0)
