"""An image set as a folder of PNG files sorted in class folders, for other tools and for looking."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.words import shortened
from signsight.data.imageset import open_image_set
from signsight.data.progress import progress

BATCH = 256


def export(
    image_set: Path | str,
    target: Path | str,
    class_names: Sequence[str] | None = None,
    *,
    limit: int | None = None,
) -> int:
    """Write the image set in the folder `image_set` to `target` as `<class>/<image>.png`.

    Class folders are named '00014_stop' (id, then its name of `class_names`, by class id, where
    there is one), pictures by their image id with '-' for '/'. limit: at most so many images of a
    class, the first ones. Returns the number of files. The folder appears whole or not at all.
    UserError when `target` exists.
    """
    target = Path(target)
    if target.exists():
        raise UserError(f"{target} exists already; delete it or export to another folder.")
    images = open_image_set(image_set)
    folders = [_folder_name(class_id, class_names) for class_id in images.class_ids]
    names = _file_names(list(images.index["image_id"]))
    written: Counter[str] = Counter()
    with atomic(target) as part, progress("export", len(images), "images") as step:
        for folder in sorted(set(folders)):
            (part / folder).mkdir(parents=True)
        row = 0
        for batch in images.batches(BATCH):
            for pixels in batch:
                if limit is None or written[folders[row]] < limit:
                    _write_png(pixels, part / folders[row] / names[row])
                    written[folders[row]] += 1
                row += 1
            step(len(batch))
    return written.total()


def _write_png(pixels: np.ndarray, path: Path) -> None:
    Image.fromarray(pixels).save(path, format="PNG")


def _folder_name(class_id: int, class_names: Sequence[str] | None) -> str:
    named = class_names is not None and 0 <= class_id < len(class_names)
    words = shortened(re.sub(r"[^\w.-]+", "_", class_names[class_id]).strip("_.")) if named else ""
    return f"{class_id:05d}_{words}" if words else f"{class_id:05d}"


def _file_names(image_ids: list[str]) -> list[str]:
    """A file name for every image id; ids that would share one get their row's number added."""
    stems = [shortened(re.sub(r"[/\\:\0]+", "-", image_id).lstrip(".-")) for image_id in image_ids]
    shared = {stem for stem, count in Counter(stem.casefold() for stem in stems).items() if count > 1}
    return [
        f"{stem}.{row}.png" if stem.casefold() in shared else f"{stem}.png" for row, stem in enumerate(stems)
    ]
