"""A small archive of Imagenette's layout, weights named as torchvision names them, and a server of both."""

from __future__ import annotations

import functools
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image

from signsight.data.sets.imagenette import CLASS_NAMES, IMAGENETTE

ROOT = "imagenette2-320"
MODES = ("RGB", "L", "CMYK")  # of the first pictures of each class
Members = dict[str, bytes]


def picture(seed: int, mode: str = "RGB") -> bytes:
    """A JPEG of a seeded smooth pattern, upright or lying."""
    rng = np.random.default_rng(seed)
    shape = (100, 80) if seed % 2 else (75, 110)
    coarse = rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize(shape, Image.Resampling.BICUBIC).convert(mode).save(
        file, "JPEG", quality=90
    )
    return file.getvalue()


def members(train: int = 1, val: int = 3) -> Members:
    """Pictures by path, `train` and `val` of them in each class, and files that are none."""
    files = {f"{ROOT}/noisy_imagenette.csv": b"path\n", f"{ROOT}/val/.DS_Store": b"?"}
    for part, count in (("train", train), ("val", val)):
        for row, folder in enumerate(CLASS_NAMES):
            for number in range(count):
                name = f"{ROOT}/{part}/{folder}/{folder}_{number}.JPEG"
                files[name] = picture(1000 * len(part) + 10 * row + number, MODES[number % 3])
    files[f"{ROOT}/val/{next(iter(CLASS_NAMES))}/._{folder}_0.JPEG"] = b"a Mac's notes"
    return files


def write_archive(folder: Path, files: Members) -> Path:
    """The archive of these files, with folders as members too."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / IMAGENETTE, "w:gz", compresslevel=1) as tar:
        top = tarfile.TarInfo(ROOT)
        top.type = tarfile.DIRTYPE
        tar.addfile(top)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return folder / IMAGENETTE


def write_weights(folder: Path, network: str = "squeezenet1_1", seed: int = 0) -> Path:
    """Seeded random weights of one of torchvision's networks; the file's name has the checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = torchvision.models.get_model(network, weights=None).state_dict()
    torch.save(state, folder / "new.pth")
    digits = hashlib.sha256((folder / "new.pth").read_bytes()).hexdigest()[:8]
    return (folder / "new.pth").rename(folder / f"{network}-{digits}.pth")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Address of a server of the files in `folder`, for as long as the context lasts."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}"
        finally:
            http.shutdown()
            thread.join()
