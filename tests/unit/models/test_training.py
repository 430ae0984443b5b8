"""Training: it learns, keeps the best, stops early, and refuses what does not fit."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from signsight.core.errors import UserError
from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.models import adapted, checkpoint, training
from signsight.models.build import build
from small_training import CLASSES, COMPACT, CPU, make_examples, make_images, run, same, weights


def test_learns_what_can_be_learned(images: ImageSet, tmp_path: Path) -> None:
    history = run(tmp_path, images, epochs=15)
    assert history["validation_accuracy"].iloc[-1] == 1
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0] / 2
    model = checkpoint.load(tmp_path / "model")
    batches = training.forward_batches(model, images.batches(16), "cpu")
    predicted = torch.cat(list(batches)).argmax(1).numpy()
    assert (predicted == images.class_ids).all()


def test_flipped_examples_are_seen_flipped(tmp_path: Path) -> None:
    # The bright half decides; with every training example flipped, the unflipped look the opposite.
    count = 60
    labels = np.arange(count) % 2
    pixels = np.full((count, 16, 16, 3), 60, np.uint8)
    pixels[labels == 0, :, :8], pixels[labels == 1, :, 8:] = 220, 220
    with image_writer(tmp_path, count, 16, 16) as writer:
        writer.append(pixels)
    write_index(
        tmp_path,
        pd.DataFrame({"image_id": range(count), "class_id": labels, "track": "", "source": ""}),
    )
    images = open_image_set(tmp_path)
    examples = make_examples(images)
    examples.loc[examples["subset"] == "train", "flip"] = "lr"
    history = run(tmp_path, images, examples, epochs=12, augmentation={"p": 0.0})
    assert history["train_accuracy"].iloc[-1] == 1
    assert history["validation_accuracy"].iloc[-1] == 0


def test_files_and_history(undisturbed: Path) -> None:
    folder = undisturbed / "model"
    assert sorted(path.name for path in folder.iterdir()) == [
        "history.csv",
        "model.json",
        "model.safetensors",
    ]
    assert not (undisturbed / "resume").exists()
    history = pd.read_csv(folder / "history.csv")
    assert tuple(history.columns) == training.HISTORY
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    about = checkpoint.read_about(folder)
    assert about["validation_accuracy"] == history["validation_accuracy"].max()
    assert about["training"]["epochs_run"] == 4
    assert about["classes"] == CLASSES


def test_statistics_are_those_of_the_training_images(undisturbed: Path, images: ImageSet) -> None:
    examples = make_examples(images)
    rows = examples.loc[examples["subset"] == "train", "row"]
    pixels = images.take(rows).reshape(-1, 3) / 255
    model = checkpoint.load(undisturbed / "model")
    np.testing.assert_allclose(model.mean.numpy(), pixels.mean(0), rtol=1e-6)
    np.testing.assert_allclose(model.std.numpy(), pixels.std(0), rtol=1e-6)


def test_same_seed_same_weights_other_seed_others(
    undisturbed: Path, images: ImageSet, tmp_path: Path
) -> None:
    run(tmp_path / "again", images)
    run(tmp_path / "other", images, seed=2)
    assert same(weights(tmp_path / "again"), weights(undisturbed))
    assert not same(weights(tmp_path / "other"), weights(undisturbed))


def test_images_read_by_batches_give_the_same(
    undisturbed: Path, images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "IN_MEMORY", 0)
    run(tmp_path, images)
    assert same(weights(tmp_path), weights(undisturbed))


def scripted(monkeypatch: pytest.MonkeyPatch, accuracies: list[float]) -> list[dict[str, torch.Tensor]]:
    """Let validation report `accuracies` epoch by epoch; collects the weights it is asked about."""
    states: list[dict[str, torch.Tensor]] = []

    def validate(self: training._Run) -> tuple[float, float]:
        state = self.classifier.state_dict()
        states.append({name: value.clone() for name, value in state.items()})
        return 1.0 - 0.01 * len(states), accuracies[len(states) - 1]

    monkeypatch.setattr(training._Run, "validate", validate)
    return states


@pytest.mark.parametrize(
    ("accuracies", "patience", "ran", "best"),
    [
        ([0.5, 0.9, 0.8, 0.7, 0.6, 0.5], 2, 4, 2),
        ([0.5, 0.9, 0.8, 0.95, 0.6, 0.5], 2, 6, 4),
        ([0.9, 0.5, 0.4, 0.3, 0.2, 0.1], 0, 6, 1),
        ([0.5, 0.9, 0.9, 0.1, 0.1, 0.1], 3, 5, 3),  # equal accuracy: the lower loss is kept
    ],
)
def test_stops_early_and_keeps_the_best(
    images: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    accuracies: list[float],
    patience: int,
    ran: int,
    best: int,
) -> None:
    states = scripted(monkeypatch, accuracies)
    history = run(tmp_path, images, epochs=6, patience=patience)
    assert len(history) == ran
    assert same(dict(sorted(weights(tmp_path).items())), dict(sorted(states[best - 1].items())))
    about = checkpoint.read_about(tmp_path / "model")
    assert about["training"]["best_epoch"] == best
    assert about["validation_accuracy"] == accuracies[best - 1]


def test_with_few_validation_pictures_the_last_epoch_of_an_open_training_is_kept(
    images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapted, "FEWEST", 12)
    monkeypatch.setattr(adapted, "EPOCHS", 1)
    states = scripted(monkeypatch, [0.9, 0.5, 0.4])
    history = run(tmp_path, images, epochs=None)
    assert history["steps"].tolist() == [4, 8, 12] and set(history["batch_size"]) == {12}
    assert history["kept"].tolist() == [False, False, True]
    assert same(dict(sorted(weights(tmp_path).items())), dict(sorted(states[-1].items())))
    about = checkpoint.read_about(tmp_path / "model")
    assert about["validation_accuracy"] == 0.4 and "48 examples" in about["training"]["chosen"]


def test_a_tiny_class_among_large_ones_is_learned_too(tmp_path: Path) -> None:
    """What is chosen goes by all examples, so its few pictures are seen as often as any other."""
    images = make_images(tmp_path / "images")
    examples = make_examples(images)
    spare = (examples["class_id"] == 2) & (examples["subset"] == "train") & (examples["row"] > 12)
    few = examples[~spare].reset_index(drop=True)
    assert ((few["class_id"] == 2) & (few["subset"] == "train")).sum() == 3
    history = run(tmp_path, images, few, epochs=None, batch_size=None)
    assert history["steps"].iloc[-1] >= adapted.FEWEST
    assert history["validation_accuracy"].iloc[-1] == 1


def test_weights_that_know_something_are_not_unlearned(
    images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all defaults, from weights that tell the classes apart: they do so after every epoch."""
    run(tmp_path / "first", images, epochs=15)
    known = checkpoint.load(tmp_path / "first/model")
    torch.save(known.network.state_dict(), tmp_path / "start.pth")
    monkeypatch.setattr(adapted, "FEWEST", 240)
    model = COMPACT | {"weights": str(tmp_path / "start.pth")}
    history = run(tmp_path, images, model=model, epochs=None, batch_size=None, learning_rate=None)
    assert history["steps"].iloc[-1] == 30 and history["learning_rate"].max() < 0.003
    assert (history["validation_accuracy"] == 1).all()


def test_without_validation_the_last_epoch_is_kept(images: ImageSet, tmp_path: Path) -> None:
    examples = make_examples(images).assign(subset="train")
    history = run(tmp_path, images, examples, epochs=3)
    assert history["validation_accuracy"].isna().all()
    about = json.loads((tmp_path / "model" / checkpoint.ABOUT).read_text())
    assert about["validation_accuracy"] is None
    assert about["training"]["best_epoch"] == 3
    with pytest.raises(UserError, match=r"training\.patience"):
        run(tmp_path, images, examples, patience=2)


def test_loss_that_is_not_finite(images: ImageSet, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"epoch 1; set training\.learning_rate below"):
        run(tmp_path, images, learning_rate=math.inf, schedule="constant")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"row": 60}, "beyond the 60 images"),
        ({"class_id": 3}, "beyond the 3 classes"),
        ({"subset": "validation"}, "none in the subset 'train'"),
        ({"flip": "diagonal"}, "flip 'diagonal'"),
    ],
)
def test_examples_that_do_not_fit(images: ImageSet, tmp_path: Path, change: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        run(tmp_path, images, make_examples(images).assign(**change))


def test_examples_without_a_column(images: ImageSet, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lack the column 'angle'"):
        run(tmp_path, images, make_examples(images).drop(columns="angle"))


def test_a_grey_network_learns_from_grey(tmp_path: Path) -> None:
    images = make_images(tmp_path / "images")
    model = {"name": "compact", "parameters": {"width": 4}, "channels": 1}
    history = run(tmp_path, images, epochs=15, model=model)
    loaded = checkpoint.load(tmp_path / "model")
    assert (loaded.channels, tuple(loaded.mean.shape)) == (1, (1,))
    assert loaded.network.features.first[0].weight.shape[1] == 1
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]


@pytest.mark.parametrize("classes", [3, 5, 1000])
def test_training_begins_with_the_weights_of_a_file(tmp_path: Path, classes: int) -> None:
    """A classifier of torchvision gets a new head, drawn from the seed, unless the classes agree."""
    images = make_images(tmp_path / "images", count=15, size=32)
    start = build("squeezenet1_1", classes, 32)
    torch.save(start.state_dict(), tmp_path / "start.pth")
    model = {"name": "squeezenet1_1", "weights": str(tmp_path / "start.pth")}
    # A rate so small that nothing moves.
    still = {"epochs": 1, "learning_rate": 1e-30, "weight_decay": 0.0, "schedule": "constant"}
    run(tmp_path / "one", images, model=model, **still)
    run(tmp_path / "two", images, model=model, **still)
    found = weights(tmp_path / "one")
    assert same(found, weights(tmp_path / "two"))
    for name, value in start.state_dict().items():
        mine = found[f"network.{name}"]
        if classes == 3 or not name.startswith("classifier"):
            torch.testing.assert_close(mine, value, rtol=0, atol=1e-20)
        else:
            assert mine.shape[0] == 3


def test_weights_of_other_classes_are_refused_for_networks_of_users(images: ImageSet, tmp_path: Path) -> None:
    model = {"name": "compact", "parameters": {"width": 4}, "weights": tmp_path / "start.pth"}
    torch.save(build("compact", 5, 8, {"width": 4}).state_dict(), model["weights"])
    with pytest.raises(UserError, match="5 classes and the network has 3"):
        run(tmp_path, images, model=model | {"weights": str(model["weights"])})


def test_stn3_trains_saves_and_loads(tmp_path: Path) -> None:
    images = make_images(tmp_path / "images", count=15, size=32)
    history = training.train(
        images,
        make_examples(images),
        model={"name": "stn3"},
        classes=CLASSES,
        settings={"preset": "published", "epochs": 1, "batch_size": 6},
        seed=1,
        device=CPU,
        folder=tmp_path / "model",
        resume_folder=tmp_path / "resume",
    )
    assert np.isfinite(history["train_loss"]).all()
    model = checkpoint.load(tmp_path / "model")
    pixels = torch.rand(1, 3, 32, 32, requires_grad=True)
    model(pixels)[0, 1].backward()
    assert pixels.grad.abs().sum() > 0
    # The heads of the transformers have moved from the identity.
    assert model.network.transformer1.head.weight.abs().sum() > 0


@pytest.mark.parametrize(("count", "each"), [(10, 10), (10, 3), (10, 4), (7, 6)])
def test_epochs_take_every_example_before_any_again(count: int, each: int) -> None:
    taken = np.concatenate([training.order_of(3, epoch, count, each) for epoch in range(count)])
    assert len(taken) == count * each
    for turn in np.split(taken, each):
        assert sorted(turn) == list(range(count))
    assert not np.array_equal(taken[:count], taken[count : 2 * count])


def test_short_epochs_are_validated_and_end_the_schedule(images: ImageSet, tmp_path: Path) -> None:
    history = run(tmp_path, images, epochs=3, batch_size=8, examples_per_epoch=20)
    assert history["steps"].tolist() == [3, 6, 9]
    assert history["learning_rate"].iloc[-1] < 0.001 * history["learning_rate"].max()
    whole = run(tmp_path / "whole", images, epochs=1, batch_size=8, examples_per_epoch=10**9)
    assert whole["steps"].tolist() == [6]
