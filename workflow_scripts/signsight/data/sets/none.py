"""The data set `none`: no pictures, for explaining pictures of one's own with a network as it is."""

from __future__ import annotations

from signsight.core.registry import data_sets
from signsight.data.dataset import DataSet


@data_sets.register(
    "none",
    label="no data set",
    about="No data set, with `model.train: false`: only pictures of your own are explained.",
    pictures=False,
    fits=("stretch", "centre_crop"),
    model_classes=True,
)
class NoPictures(DataSet):
    """Only the classes of the network."""
