"""The data sets: their facts, their parts, and a set of one's own."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import synthetic
import tiny_imagenette
from signsight.core.errors import UserError
from signsight.core.files import read_csv, write_csv
from signsight.core.registry import data_sets, use_plugins
from signsight.data import download
from signsight.data.class_table import named_classes, read_classes
from signsight.data.crop import Cut, crop
from signsight.data.dataset import DEFAULTS, Options, data_set, facts
from signsight.data.examples import read_examples
from signsight.data.imageset import open_image_set
from signsight.data.report import broken_files
from signsight.data.sample import sample_of
from signsight.data.sets.folder import Folder
from signsight.data.sets.gtsrb import Gtsrb
from signsight.data.sets.imagenette import CLASS_NAMES

ROOT = Path(__file__).parents[3]


def test_archives_and_a_folder_of_the_same_pictures_agree(tmp_path: Path) -> None:
    synthetic.write_gtsrb(tmp_path, tracks=1, frames=2, test=1)
    train = Gtsrb().part("train", {"images": tmp_path / synthetic.TRAINING_ZIP}, Options())
    crop(train, tmp_path / "a", Cut(size=20, to_roi=False))
    for source, class_id in zip(train.records["source"], train.records["class_id"], strict=True):
        file = tmp_path / f"pictures/train/{class_id:05d}/{Path(source).stem}.ppm"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(train.pictures.read(source))
        (tmp_path / f"pictures/test/{class_id:05d}").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9)).save(tmp_path / f"pictures/test/{class_id:05d}/x.png")
    options = Options(source=str(tmp_path / "pictures"))
    part = Folder().part("train", {}, options)
    crop(part, tmp_path / "b", Cut(size=20))
    first, second = open_image_set(tmp_path / "a"), open_image_set(tmp_path / "b")
    assert np.array_equal(first.class_ids, second.class_ids)
    assert np.array_equal(first.take(range(86)), second.take(range(86)))
    names = Folder().class_table(options)
    assert names["name"].tolist() == [f"{c:05d}" for c in range(43)] and set(names["shape"]) == {"circle"}


def test_classes_of_gtsrb_have_their_shapes() -> None:
    table = Gtsrb().class_table(Options()).set_index("class_id")
    assert len(table) == 43
    assert table.loc[[12, 13, 14, 18, 1], "shape"].tolist() == [
        "diamond", "inverted_triangle", "octagon", "triangle", "circle",
    ]  # fmt: skip


SETS = ["folder", "gtsrb", "imagenette", "none", "signs"]


@pytest.mark.parametrize("name", SETS)
def test_facts_agree_with_each_other(name: str) -> None:
    about = facts(name)
    assert set(about) == set(DEFAULTS), "a fact that nothing asks for"
    assert about["label"] and about["about"].endswith(".")
    assert about["source"] in ("archives", "folder", "none")
    assert (about["source"] == "archives") == bool(about["archives"])
    known = {*about["archives"], *about["drawn"]}
    named = {archive for part in about["inputs"].values() for archive in part.values()}
    assert named == known and set(about["inputs"]) in (set(), {"train", "test"})
    assert (about["truth"] == "masks") == ("masks" in about["inputs"].get("test", {}))
    for checksum in about["archives"].values():
        assert download._parsed(checksum)[0] == "md5"
    for file in about["published"].values():
        assert (ROOT / "config/published" / file).is_file()
    for pair in about["ascending"]:
        assert set(pair) <= set(data_sets.parameters(name))
    made = data_set({"data_set": name, "parameters": data_sets.defaults(name)})
    assert about["mirror"] == any(made.flips)
    if about["stock"]:
        assert made.stock_picture(3, 20).shape == (20, 20, 3)
    else:
        with pytest.raises(UserError, match="no method 'stock_picture'"):
            made.stock_picture(0, 20)
    for part in data_sets.parameters(name).values():
        assert part["description"].endswith(".")
        assert part["type"] != "integer" or part["minimum"] <= part["default"] <= part["maximum"]


def test_the_sets_are_known() -> None:
    assert set(SETS) <= set(data_sets.names())
    assert data_sets.defaults("signs") == {
        "tracks_per_class": 20, "frames_per_track": 3, "test_per_class": 20, "min_px": 20, "max_px": 110
    }  # fmt: skip
    assert data_sets.defaults("folder") == {"test_fraction": 0.3, "track_pattern": None}
    assert facts("gtsrb")["server"].startswith("https://")


def test_facts_and_listings_import_nothing_heavy() -> None:
    """The Snakefile asks for them before any job."""
    code = (
        "import sys\n"
        "from signsight.data import dataset, listing, source\n"
        "[dataset.facts(name) for name in dataset.data_sets.names()]\n"
        "print({'torch', 'pandas', 'numpy', 'PIL', 'requests'} & set(sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts")}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "set()"


def test_drawn_signs_have_masks(tmp_path: Path) -> None:
    small = {"tracks_per_class": 2, "frames_per_track": 1, "test_per_class": 1}
    signs = data_set({"data_set": "signs", "parameters": small})
    signs.draw(tmp_path, workers=1, seed=5)
    assert {file.name for file in tmp_path.iterdir()} == set(facts("signs")["drawn"])
    for name, count in (("train", 86), ("test", 43)):
        files = {key: tmp_path / file for key, file in facts("signs")["inputs"][name].items()}
        crop(signs.part(name, files, Options()), tmp_path / name, Cut(16))
        assert np.load(tmp_path / name / "images.npy").shape == (count, 16, 16, 3)
        masks = np.load(tmp_path / name / "masks.npy")
        assert masks.shape == (count, 16, 16) and set(np.unique(masks)) == {0, 1, 2}


def script(name: str, **told: object) -> None:
    """Run the script of a rule with what Snakemake would tell it."""
    told = {"params": {}, "wildcards": {}, "input": {}, "threads": 1, "log": [], "rule": name} | told
    spaces = {key: told[key] for key in ("params", "wildcards")}
    fake = SimpleNamespace(**told | {key: SimpleNamespace(**space) for key, space in spaces.items()})
    for key in ("input", "output"):
        setattr(fake, key, Named(getattr(fake, key)))
    runpy.run_path(str(ROOT / f"workflow_scripts/data/{name}.py"), {"snakemake": fake})


class Named(dict):
    """Files by name and by place, as Snakemake has them."""

    def __getattr__(self, name: str) -> object:
        return self[name]

    def __missing__(self, place: int) -> object:
        return list(self.values())[place]


def test_the_scripts_pass_on_what_the_rules_say(tmp_path: Path) -> None:
    small = {"tracks_per_class": 2, "frames_per_track": 1, "test_per_class": 1}
    asked = {"data_set": {"data_set": "signs", "parameters": small}, "source": None, "seed": 5}
    script("render", params=asked, output={"a": tmp_path / facts("signs")["drawn"][0]})
    classes = tmp_path / "classes.csv"
    script("classes", params=asked, output={"a": classes})
    assert read_classes(classes)["shape"].nunique() == 5
    for part, images in (("train", None), ("test", 7)):
        params = asked | {"cut": {"size": 16}, "allow_empty": False, "images": images, "field": None}
        files = {key: tmp_path / name for key, name in facts("signs")["inputs"][part].items()}
        output = {"images": tmp_path / part / "images.npy"}
        script("crop", params=params, wildcards={"part": part}, input=files, output=output)
        assert len(open_image_set(tmp_path / part)) == (images or 86)
    params = asked | {"mirror": True, "balance": None, "rotate": {"when": "never", "sd": 0}}
    params |= {"split": {"by": "track", "validation_fraction": 0.5}}
    target = tmp_path / "examples.csv"
    index = {"index": tmp_path / "train/index.csv"}
    script("examples", params=params, input=index, output={"a": target})
    assert set(read_examples(target)["flip"]) == {"", "lr", "tb"}
    params = asked | {"size": 16}
    output = {"a": tmp_path / "stock/images.npy"}
    script("stock", params=params, input={"classes": classes}, output=output)
    assert len(open_image_set(tmp_path / "stock")) == 43
    files = {"images": tmp_path / "test/images.npy", "classes": classes}
    script("export", input=files, output={"a": tmp_path / "export"})
    assert len(list((tmp_path / "export").rglob("*.png"))) == 7


def test_the_classes_of_a_network_number_the_pictures(tmp_path: Path) -> None:
    archive = tiny_imagenette.write_archive(tmp_path, tiny_imagenette.members(val=1))
    names = ["NA", *reversed(CLASS_NAMES.values()), "001"]
    (tmp_path / "model.json").write_text(json.dumps({"classes": names}))
    asked = {"data_set": {"data_set": "imagenette", "parameters": {}}, "source": None, "seed": 5}
    classes = tmp_path / "classes.csv"
    script("classes", params=asked, input={"a": tmp_path / "model.json"}, output={"a": classes})
    assert read_classes(classes)["name"].tolist() == names
    params = asked | {"cut": {"size": 16}, "allow_empty": False, "images": None, "field": None}
    files = {"images": archive, "classes": classes}
    output = {"images": tmp_path / "test/images.npy"}
    script("crop", params=params, wildcards={"part": "test"}, input=files, output=output)
    assert open_image_set(tmp_path / "test").class_ids.tolist() == [*range(10, 0, -1)]


def test_own_pictures_are_looked_at_and_then_cropped(tmp_path: Path) -> None:
    """Refused, with the table left behind and nothing put out; or skipped."""
    source = tmp_path / "own"
    for part, name, number in product(("train", "test"), ("cat", "dog"), range(3)):
        file = source / f"{part}/{name}/{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng([len(part), len(name), number]).integers(0, 255, (9, 9, 3), np.uint8)
        Image.fromarray(pixels).save(file)
    (source / "train/cat/1.png").write_bytes(b"")
    (source / "test/dog/2.png").write_bytes(b"<html>")
    asked = {"data_set": {"data_set": "folder", "parameters": {}}, "source": str(source), "seed": 5}
    asked |= {"allow_empty": False, "findings": tmp_path / "logs/check_pictures.csv"}
    report = tmp_path / "crop/pictures_report.csv"
    told = {"output": {"a": report}, "threads": 2}
    with pytest.raises(SystemExit):
        script("check_pictures", params=asked | {"parts": ["train", "test"], "broken": "refuse"}, **told)
    broken = {"train/cat/1.png", "test/dog/2.png"}
    assert not report.exists() and broken_files(read_csv(asked["findings"])) == broken
    script("check_pictures", params=asked | {"parts": ["test"], "broken": "skip"}, **told)
    assert broken_files(read_csv(report)) == {"test/dog/2.png"}
    script("check_pictures", params=asked | {"parts": ["train", "test"], "broken": "skip"}, **told)
    assert report.read_bytes() == asked["findings"].read_bytes()
    for part in ("train", "test"):
        params = asked | {"cut": {"size": 16}, "images": None, "field": None}
        output = {"images": tmp_path / part / "images.npy"}
        script("crop", params=params, wildcards={"part": part}, input={"findings": report}, output=output)
        index = open_image_set(tmp_path / part).index
        assert len(index) == 5 and not broken & set(index["source"])


OWN = """
from typing import Annotated

import numpy as np
import pandas as pd

from signsight.core.parameters import Limits
from signsight.core.registry import data_sets
from signsight.data.class_table import named_classes
from signsight.data.dataset import DataSet, Part

FITS = ("stretch", "centre_crop")


class Made:
    def read(self, source):
        return b"P6\\n4 4\\n255\\n" + bytes([int(source)]) * 48

    def place(self, source):
        return source


@data_sets.register("greys", label="greys", about="Grey squares.", fits=FITS, mirror=True)
class Greys(DataSet):
    flips = ({0: 0}, {})

    def __init__(self, step: Annotated[int, Limits(1, 9), "Step."] = 3) -> None:
        self.step = step

    def part(self, name, files, options):
        numbers = range(0, 30, self.step) if name == "train" else range(100, 103)
        names = [str(number) for number in numbers]
        records = pd.DataFrame({"image_id": names, "class_id": 0, "track": names, "source": names})
        return Part(records, Made())

    def class_table(self, options):
        return named_classes(["dark", "NA"])
"""


def test_a_set_of_ones_own_is_read_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "greys.py").write_text(OWN)
    use_plugins([tmp_path / "greys.py"])
    try:
        assert facts("greys") == DEFAULTS | {
            "label": "greys", "about": "Grey squares.", "fits": ("stretch", "centre_crop"), "mirror": True,
        }  # fmt: skip
        assert data_sets.parameters("greys")["step"]["maximum"] == 9
        greys = data_set({"data_set": "greys", "parameters": {"step": 5}})
        crop(sample_of(greys.part("train", {}, Options()), 4, 0), tmp_path / "set", Cut(8))
        images = open_image_set(tmp_path / "set")
        assert len(images) == 4
        assert images.take(range(4))[:, 0, 0, 0].tolist() == images.index["image_id"].astype(int).tolist()
        assert greys.class_table(Options())["name"].tolist() == ["dark", "NA"]
    finally:
        use_plugins([])


@pytest.mark.parametrize("names", [["NA", "null", "001", "010", "00000", "", 'a "b", c', "1e5", "True"]])
def test_names_of_classes_stay_text(tmp_path: Path, names: list[str]) -> None:
    write_csv(tmp_path / "classes.csv", named_classes(names))
    found = read_classes(tmp_path / "classes.csv")
    assert found["name"].tolist() == names and found["class_id"].tolist() == list(range(9))


@pytest.mark.parametrize(
    "text", ["", "name\na\n", "class_id,name,shape\n1,a,circle\n", "class_id\n0\n", "\0\xff"]
)
def test_another_file_is_no_table_of_classes(tmp_path: Path, text: str) -> None:
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(UserError, match="is not a table of classes"):
        read_classes(tmp_path / "classes.csv")
    with pytest.raises(UserError, match="is not a table of classes"):
        read_classes(tmp_path / "nowhere.csv")
