"""What changed pictures and quantities are called where networks are compared."""

from __future__ import annotations

from signsight.core.registry import metrics

KINDS = {
    "rotation": "Rotation",
    "perspective_vertical": "Turned, vertical axis",
    "perspective_horizontal": "Turned, horizontal axis",
    "stickers": "Stickers",
    "background": "Background",
    "masking": "Masking",
}
TARGETS = {"test": "", "stock": ", stock signs", "user_stock": ", your stock pictures"}


def group_name(kind: str, target: str, method: str) -> str:
    """What a group of changed pictures is called: 'Rotation', 'Stickers by Saliency, stock signs'.

    method: the label of the method that says where pictures are changed, or nothing.
    """
    return f"{KINDS[kind]}{f' by {method}' if method else ''}{TARGETS[target]}"


def quantity_name(metric: str, quantity: str) -> str:
    """What a quantity is called; that of a variant or of a metric that is not known here by its own name."""
    known = [name for name in metrics.names() if metric == name or metric.startswith(f"{name}_")]
    base = max(known, key=len, default="")
    told = metrics.about(base)["quantities"].get(quantity) if base else None
    if told is None:
        return f"{metric}: {quantity}".replace("_", " ")
    return told["label"] + metric.removeprefix(base).replace("_", " ")
