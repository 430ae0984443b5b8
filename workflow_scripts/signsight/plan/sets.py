"""The image sets of a run: the test images, and those with masks, stickers, angles and other backgrounds."""

from __future__ import annotations

from functools import cached_property

from signsight.config.choices import TRANSFORMS, Config, background_sets, degree_groups
from signsight.plan.inputs import Inputs


class Sets(Inputs):
    """The image sets of a config (of `config.rules.complete`), which of them are scored, and which stay."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.masking_methods: list[str] = config["masking"]["methods"]
        self.sticker_methods: list[str] = config["stickers"]["methods"]

    def image_set(self, folder: str) -> list[str]:
        """The files of the image set in a folder of the results."""
        return [f"{self.root}/{folder}/images.npy", f"{self.root}/{folder}/index.csv"]

    @cached_property
    def masked_cells(self) -> list[str]:
        """Names of the masked sets: the numbers of masked cells."""
        return [str(k) for k in range(self.config["masking"]["max_cells"] + 1)]

    @cached_property
    def sticker_sets(self) -> dict[str, tuple[str, str]]:
        """Name of a stickered set -> (design, size of sign)."""
        stickers = self.config["stickers"]
        return {f"{d}_{s}": (d, s) for d in stickers["designs"] for s in stickers["sign_widths"]}

    @cached_property
    def sticker_targets(self) -> list[str]:
        """What gets stickers: test images, drawn stock pictures, the user's stock pictures."""
        has = {
            "test": True,
            "stock": self.about["stock"],
            "user_stock": bool(self.config["stickers"]["stock"]),
        }
        return [target for target, there in has.items() if there and self.sticker_methods]

    def stock_source(self, target: str) -> str | None:
        """The user's folder of stock pictures; None for the drawn ones."""
        return self.config["stickers"]["stock"] if target == "user_stock" else None

    def sticker_base(self, target: str) -> str:
        """Folder, within the results, of the untouched set."""
        return "crop/test" if target == "test" else f"stock/{target}"

    @cached_property
    def background_sets(self) -> dict[str, list[str]]:
        """Name of a set with another background -> what is kept of a picture, and what is behind it."""
        return {name: list(pair) for name, pair in background_sets(self.config).items()}

    @cached_property
    def degree_groups(self) -> dict[str, dict[str, list[int]]]:
        """Transform -> group of degrees that one job scores -> degrees."""
        return {transform: degree_groups(self.config, transform) for transform in TRANSFORMS}

    @property
    def degrees(self) -> dict[str, list[int]]:
        """Transform -> all its degrees."""
        groups = self.degree_groups.items()
        return {transform: [d for group in own.values() for d in group] for transform, own in groups}

    @cached_property
    def scored(self) -> dict[tuple[str, str], dict[str, str]]:
        """What one scoring job looks at: (kind, group) -> name of a set -> its folder within the results."""
        sets = {("clean", "test"): {"test": "crop/test"}}
        for target in self.sticker_targets:
            for m in self.sticker_methods:
                own = {name: f"sticker/{target}/{m}/{name}" for name in self.sticker_sets}
                sets["stickers", f"{target}-{m}"] = {"none": self.sticker_base(target)} | own
        for transform, groups in self.degree_groups.items():
            for group, degrees in groups.items():
                sets[transform, group] = {str(d): f"warp/{transform}/{d}" for d in degrees}
        if self.background_sets:
            own = {name: f"compose/{name}" for name in self.background_sets}
            sets["background", "test"] = {"none": "crop/test"} | own
        return sets

    def scored_sets(self, kind: str, group: str) -> dict[str, str]:
        """Name -> folder of the sets of one scoring job."""
        return {name: f"{self.root}/{folder}" for name, folder in self.scored[kind, group].items()}

    def scores(self, *kinds: str) -> list[str]:
        """Files of scores of these kinds."""
        return [f"{self.root}/score/{kind}/{group}.npz" for kind, group in self.scored if kind in kinds]

    @property
    def test_sticker_scores(self) -> dict[str, str]:
        """Method -> scores of the test images with the stickers that it places."""
        return {m: f"{self.root}/score/stickers/test-{m}.npz" for m in self.sticker_methods}

    @cached_property
    def kept(self) -> dict[str, list[str]]:
        """Stage -> files of perturbed sets that stay: all of them or, by default, none."""
        if not (self.config["keep_datasets"] and self.has_data):
            return {"masking": [], "stickers": [], "geometry": [], "background": []}
        masked = [f"mask/{m}/{k}" for m in self.masking_methods for k in self.masked_cells]
        folders = {kind: [f for (k, _), sets in self.scored.items() if k == kind for f in sets.values()]
                   for kind in ("stickers", "background", *TRANSFORMS)}  # fmt: skip
        turned = [folder for transform in TRANSFORMS for folder in folders[transform]]
        stages = {"masking": masked, "stickers": folders["stickers"], "geometry": turned}
        stages["background"] = folders["background"]
        return {stage: [file for f in own for file in self.image_set(f)] for stage, own in stages.items()}
