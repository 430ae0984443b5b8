"""What is made of pictures by optimisation, and what each of its jobs depends on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from signsight.config.recipes import PRODUCTS, needs, recipe_choice, recipe_label

if TYPE_CHECKING:
    from signsight.plan.plan import Files, Plan


class Features:
    """The stage `features` of a run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.config: dict[str, Any] = plan.config["features"]
        self.root = f"{plan.root}/features"

    # what is wanted

    @property
    def presets(self) -> list[str]:
        """The presets and recipes of the pictures of classes."""
        return self.config["classes"]["presets"] if self.config["classes"]["which"] else []

    @property
    def networks(self) -> list[str]:
        """Whose pictures are made: the network's, and those of the control with random weights."""
        if not self.presets:
            return []
        return ["trained", *(["random"] if self.config["classes"]["control"] else [])]

    @cached_property
    def products(self) -> list[str]:
        """What is made besides the pictures of classes."""
        return [name for name, key in PRODUCTS.items() if self.config[name][key]]

    @property
    def uses_pictures(self) -> bool:
        """Whether the pictures of `features.source` are needed."""
        return bool({"activations", "inversion", "dream"} & set(self.products))

    # files

    def folder(self, product: str, *parts: str) -> str:
        """The folder of a product."""
        return "/".join((self.root, product, *parts))

    def class_set(self, network: str, recipe: str) -> dict[str, str]:
        """The files of the pictures of classes by one recipe: an image set, and frames of the way there."""
        folder = self.folder("classes", network, recipe)
        return {
            "images": f"{folder}/images.npy",
            "index": f"{folder}/index.csv",
            "frames": f"{folder}/frames.npz",
        }

    @cached_property
    def class_sets(self) -> dict[tuple[str, str], dict[str, str]]:
        """(network, recipe) -> files."""
        return {
            (one, recipe): self.class_set(one, recipe) for one in self.networks for recipe in self.presets
        }

    @property
    def way(self) -> list[str]:
        """The frames of the way to the pictures by the first preset."""
        return [self.class_set("trained", name)["frames"] for name in self.presets[:1]]

    def index(self, product: str) -> str:
        """The table of a product's pictures."""
        return f"{self.folder(product)}/index.csv"

    def image_set(self, product: str) -> dict[str, str]:
        """The image set of a product."""
        return {"images": f"{self.folder(product)}/images.npy", "index": self.index(product)}

    @property
    def indices(self) -> dict[str, str]:
        """Folder within the stage -> table of its pictures, of all that are made."""
        classes = {
            f"classes/{one}/{recipe}": files["index"] for (one, recipe), files in self.class_sets.items()
        }
        return classes | {product: self.index(product) for product in self.products}

    def spectrum(self, recipe: str) -> list[str]:
        """The spectrum of natural pictures, for a recipe that needs it."""
        needed = needs(self.plan.config, recipe, "spectrum")
        return [f"{self.root}/spectrum/magnitude.npy"] if needed else []

    def class_means(self, recipe: str) -> list[str]:
        """The mean pictures of the classes, for a recipe that needs them."""
        needed = needs(self.plan.config, recipe, "class_mean")
        return [f"{self.root}/class_means/means.npy"] if needed else []

    @property
    def natural_set(self) -> list[str]:
        """Natural pictures of the run: those of the training, of the test, or the user's own."""
        if self.plan.trained:
            return self.plan.image_set("crop/train")
        return self.test_set

    @property
    def test_set(self) -> list[str]:
        """Natural pictures that the network was not trained on; the user's own where there is no data set."""
        if self.plan.has_data:
            return self.plan.image_set("crop/test")
        return [self.given["images"], self.given["table"]]

    @property
    def given(self) -> dict[str, str]:
        """The pictures of `features.source` as the network sees them."""
        return self.plan.albums.pictures("features")

    @property
    def pictures(self) -> dict[str, Files]:
        """What layer activations, inversion and DeepDream start from."""
        if self.config["source"]:
            return dict(self.given)
        images, index = self.plan.image_set("crop/test")
        return {"images": images, "index": index}

    @property
    def tables(self) -> dict[str, str]:
        """Name of a table -> its file."""
        found = ["features", "feature_summary"] if self.presets else []
        found += ["path_similarity"] if self.presets and self.plan.has_data else []
        found += ["inversion_errors"] if "inversion" in self.products else []
        return {name: f"{self.plan.root}/tables/{name}.csv" for name in found}

    @property
    def sheets(self) -> list[str]:
        """The sheets of pictures that no declared figure draws."""
        figures = f"{self.plan.root}/figures"
        found = [f"{figures}/classes"] if self.presets else []
        found += [f"{figures}/class_animation.png"] if self.animated else []
        named = {
            "activations": "layer_activations",
            "inversion": "inversion",
            "dream": "dreams",
            "filters": "filters",
        }
        return found + [f"{figures}/{named[product]}" for product in self.products]

    @property
    def animated(self) -> bool:
        """Whether the way to the pictures of classes is shown."""
        return bool(self.presets) and self.config["classes"]["animation"]

    @property
    def made(self) -> list[str]:
        """All that the stage makes."""
        if not (self.presets or self.products):
            return []
        return [f"{self.root}/index.csv", *self.tables.values(), *self.sheets]

    # what jobs depend on

    def recipe(self, name: str) -> dict[str, Any]:
        """What a preset or recipe stands for."""
        return recipe_choice(self.plan.config, name)

    @property
    def labels(self) -> dict[str, str]:
        """Recipe -> what figures call it."""
        return {name: recipe_label(self.plan.config, name) for name in self.presets}

    def words(self, name: str) -> dict[str, Any]:
        """What a sheet says of the recipe that made its pictures."""
        recipe = self.recipe(name)
        return {
            "label": recipe_label(self.plan.config, name),
            "parts": [recipe["parametrisation"]["parametrisation"]]
            + [one["transform"] for one in recipe["transforms"]]
            + [one["regulariser"] for one in recipe["regularisers"]],
            "steps": recipe["steps"],
        }

    @property
    def shown(self) -> dict[str, Any]:
        """What the pictures of classes show."""
        return self.wish("classes", "which", "restarts", "diversity")

    @property
    def unlike(self) -> dict[str, Any]:
        """What restarts of one class depend on together."""
        classes = self.config["classes"]
        return self.wish("classes", "restarts", "diversity") if classes["diversity"] else {}

    def wish(self, product: str, *keys: str) -> dict[str, Any]:
        """The settings of a product."""
        return {key: self.config[product][key] for key in keys}

    @property
    def octaves(self) -> dict[str, Any]:
        """The settings of DeepDream besides its recipe."""
        return self.wish("dream", "octaves", "ratio", "jitter", "tile", "size")
