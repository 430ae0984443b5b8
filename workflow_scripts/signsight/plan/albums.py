"""The user's own pictures by albums, of which files they become, and what is made of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from signsight.config.choices import looks
from signsight.data.photograph_columns import Columns

if TYPE_CHECKING:
    from signsight.plan.plan import Plan

GALLERY, PHOTOGRAPHS, FEATURES = "gallery", "photographs", "features"


class Albums:
    """The albums of a run: the gallery by many methods, photographs with tables, pictures for features."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.config, self.root = plan, plan.config, plan.root

    @cached_property
    def methods(self) -> dict[str, list[str]]:
        """Albums that are given -> the methods that explain them."""
        chosen = {
            GALLERY: self.config["gallery"]["methods"],
            PHOTOGRAPHS: self.config["real_examples"]["methods"],
            FEATURES: [],
        }
        return {album: methods for album, methods in chosen.items() if self.source(album)}

    @property
    def shown(self) -> list[str]:
        """Albums of which every picture is classified for the user to see."""
        return [album for album in self.methods if album != FEATURES]

    def source(self, album: str) -> str | None:
        """The folder, table or file of an album's pictures."""
        return self.config[self.key(album).partition(".")[0]]["source"]

    def key(self, album: str) -> str:
        """The config key that names an album's pictures."""
        return "real_examples.source" if album == PHOTOGRAPHS else f"{album}.source"

    def columns(self, album: str) -> dict[str, Any]:
        """What is read in the CSV of an album beside file, class and place of the object."""
        named = self.config["real_examples"] if album == PHOTOGRAPHS else {}
        return {key: named[key] for key in Columns._fields if key in named}

    def pictures(self, album: str) -> dict[str, str]:
        """The pictures of an album as the classifier sees them, and what it takes them for."""
        folder = f"{self.root}/{album}_pictures"
        return {"images": f"{folder}/images.npy", "table": f"{folder}/pictures.csv"}

    def maps(self, album: str) -> dict[str, str]:
        """Method -> the maps of an album."""
        return {m: f"{self.root}/{album}_maps/{m}.npz" for m in self.methods[album]}

    # the gallery

    @property
    def gallery(self) -> list[str]:
        """What is made of the gallery."""
        if GALLERY not in self.methods:
            return []
        strips = [f"{self.root}/figures/gallery_{kind}" for kind in ("smoothing", "layers")]
        made = [f"{self.root}/figures/gallery", f"{self.root}/figures/gallery_animation.png"]
        made += [f"{strip}.{kind}" for strip in strips for kind in ("png", "svg")]
        return made + ([f"{self.root}/gallery"] if self.config["gallery"]["singles"] else [])

    @property
    def drawn(self) -> list[dict[str, Any]]:
        """What the drawings of the gallery say of each method."""
        named = looks(self.config, self.methods[GALLERY])
        return [
            {"method": m, "signed": self.plan.is_signed(m), "label": named[m]["label"]}
            for m in self.methods[GALLERY]
        ]

    @property
    def sweeps(self) -> dict[str, Any]:
        """The values that the gallery's strips go through."""
        gallery = self.config["gallery"]
        return {"samples": gallery["smoothing"], "spreads": gallery["spreads"], "layers": gallery["layers"]}

    @property
    def smoothing(self) -> dict[str, Any]:
        """What the strip of SmoothGrad says of itself."""
        fixed = self.plan.method("smooth_grad")["parameters"]
        named = {key: self.sweeps[key] for key in ("samples", "spreads")}
        return named | {
            "fixed": [fixed["samples"], fixed["spread"]],
            "signed": self.plan.is_signed("smooth_grad"),
        }

    # photographs

    @property
    def tables(self) -> list[str]:
        """The tables that are made of the photographs."""
        if PHOTOGRAPHS not in self.methods:
            return []
        drawn = ["drawn_and_real"] if "test" in self.plan.sticker_targets else []
        compared = ["real_examples", *drawn] if self.plan.has_data else []
        return [*compared, *(["on_sticker"] if self.config["real_examples"]["boxes"] else [])]

    @property
    def clean_images(self) -> dict[str, Any]:
        """What photographs are compared with: test images and their scores, and images of the training."""
        plan = self.plan
        trained = {"trained": f"{self.root}/crop/train/index.csv"} if plan.trained else {}
        return {"index": f"{plan.test}/index.csv", "clean": plan.scores("clean")[0]} | trained
