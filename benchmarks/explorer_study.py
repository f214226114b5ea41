"""A made-up study on disk, as large as one likes, for the benchmark of the explorer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from thinkalike.compare.bases import Basis, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.matrices import pair_table
from thinkalike.randomness import generator
from thinkalike.statistics.intervals import chord
from thinkalike.statistics.roles import Roles
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.kernels import CHANCE, create_chance, create_kernel
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import write_table

SIDE = 224
CELLS = 7
SEGMENTS = 30
CLASSES = 10
SUBSETS = ("all", "matching")
METRICS = ("cosine", "rbf")
SCALES = (0, 32, 16, 8, 4, 2)
SIGNS = {"gradcam": "positive"}
STEP = 64
"""Images whose maps are made at a time."""


def make_study(folder: Path, models: int, images: int, methods: tuple[str, ...]) -> None:
    """Write what the explorer reads of a study, with random numbers where a study has results.

    Args:
        folder: of the results.
        models, images: their numbers.
        methods: gradcam, integrated_gradients, kernelshap, lrp.
    """
    keys = [f"model_{number:03d}" for number in range(models)]
    ids = [f"val/{number % CLASSES}/{number:05d}.jpg" for number in range(images)]
    paths = [_picture(folder / "pictures", number) for number in range(images)]
    names = [str(number) for number in range(CLASSES)]
    classes = [names[number % CLASSES] for number in range(images)]
    table = pd.DataFrame({"image_id": ids, "path": paths, "class_name": classes})
    write_table(table, folder / "images.parquet")
    roles = Roles({key: ("cnn", "transformer")[n % 2] for n, key in enumerate(keys)})
    write_table(roles.table({key: key for key in keys}), folder / "models.csv")
    labels = _segments(images)
    if "kernelshap" in methods:
        write_arrays(
            folder / "segments.nc",
            {"labels": (("image", "y", "x"), labels)},
            coordinates={"image": ids},
            attributes={},
        )
    for key in keys:
        draw = generator(0, "logits", key)
        predictions = random_predictions(ids, classes, names, draw)
        write_table(predictions, folder / "predictions" / f"{key}.parquet")
        for method in methods:
            _write_maps(folder, method, key, ids, labels)
    for method in methods:
        for metric in METRICS:
            _compare(folder, f"{method}/{metric}", method, keys, table)
        write_table(_scales(keys, images), folder / "scales" / f"{method}.parquet")


def _picture(folder: Path, number: int) -> str:
    """File of a picture with the spectrum of photographs: amplitudes fall as 1/frequency."""
    draw = generator(0, "picture", number)
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)) + 1 / SIDE
    noise = np.fft.fft2(draw.normal(size=(3, SIDE, SIDE))) / frequency
    pixels = np.fft.ifft2(noise).real
    pixels = 128 + 48 * (pixels - pixels.mean()) / pixels.std()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}.jpg"
    rgb = pixels.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
    Image.fromarray(rgb).save(path, quality=90)
    return str(path)


def _segments(images: int) -> np.ndarray:
    """Wavy stripes of about the size of superpixels, (images, SIDE, SIDE)."""
    rows = np.arange(SIDE) * 6 // SIDE
    labels = rows[:, None] * 5 + (np.arange(SIDE) * 5 // SIDE)
    waves = [generator(0, "segments", n).integers(-15, 15, SIDE) for n in range(images)]
    smooth = [np.convolve(wave, np.ones(31) / 31, "same").astype(int) for wave in waves]
    return np.stack([np.take(labels, (np.arange(SIDE) + w).clip(0, SIDE - 1), 0) for w in smooth])


def random_predictions(
    ids: Sequence[str], classes: Sequence[str], names: Sequence[str], draw: np.random.Generator
) -> pd.DataFrame:
    """Predictions from random logits, as a study has them of a model.

    Args:
        ids: of the images.
        classes: class of each image.
        names: classes of the model, in the order of its logits.
        draw: source of the logits.
    """
    logits = draw.normal(size=(len(ids), len(names)))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    predicted, label = logits.argmax(1), np.array([names.index(name) for name in classes])
    called = [names[number] for number in predicted]
    return pd.DataFrame(
        {
            "image_id": ids,
            "predicted": predicted,
            "predicted_class": called,
            "predicted_name": called,
            "probability": shares.max(1),
            "label": label,
            "correct": predicted == label,
            "logits": list(logits),
        }
    )


def _write_maps(folder: Path, method: str, key: str, ids: list[str], labels: np.ndarray) -> None:
    draw = generator(0, "maps", method, key)
    bases: tuple[Basis, ...] = (Pixels(SIDE, SIDE),)
    if method == "gradcam":
        bases = (Grid(CELLS, CELLS, SIDE, SIDE),)
    elif method == "kernelshap":
        bases = tuple(Segments(label) for label in labels)
    values = draw.normal(size=(len(ids), bases[0].size)).astype(np.float32)
    if len(bases) == 1 and method != "gradcam":  # noise that is larger where a network looks
        y, x = np.mgrid[:SIDE, :SIDE] / SIDE
        places = draw.uniform(0.2, 0.8, (len(ids), 2))
        for row, (top, left) in zip(values, places, strict=True):
            row *= np.exp(-((y - top) ** 2 + (x - left) ** 2) / 0.08).ravel()
    write_maps(
        folder / "explanations" / method / f"{key}.nc",
        Maps(values, bases),
        image_ids=ids,
        measures={"target": np.zeros(len(ids), int)},
        attributes={"method": method, "model": key},
    )


def _compare(folder: Path, place: str, method: str, keys: list[str], table: pd.DataFrame) -> None:
    """Files of similarities, and tables of pairs over all subsets."""
    draw, count, ids = generator(0, place), len(keys), table["image_id"].tolist()
    means = draw.uniform(0.2, 0.8, (count, count))
    means = (means + means.T) / 2
    metric = place.rpartition("/")[2]
    attributes = {"metric": metric, "sign": SIGNS.get(method, "signed"), "rescaling": "max_abs"}
    attributes |= {} if method in ("gradcam", "kernelshap") else {"pool": 8}
    similarity, chance = (folder / kind / f"{place}.nc" for kind in ("similarity", "chance"))
    with create_kernel(str(similarity), ids, keys, attributes=attributes) as file:
        for start in range(0, len(ids), STEP):
            images = len(ids[start : start + STEP])
            noise = draw.normal(scale=0.15, size=(images, count, count))
            values = (means + (noise + noise.swapaxes(1, 2)) / 2).clip(-1, 1)
            zero = np.zeros_like(values)
            blank = np.zeros((images, count), np.uint8)
            file.append(similarity=values, estimation_error=zero, estimation_bias=zero, blank=blank)
    names = {f"influence_{subset}" for subset in SUBSETS}
    with create_chance(str(chance), ids, keys, subsets=SUBSETS, attributes=attributes) as file:
        file.append(class_name=table["class_name"].to_numpy())
        for start in range(0, len(ids), STEP):
            images = len(ids[start : start + STEP])
            noise = draw.normal(scale=0.3, size=(images, count, count))
            file.append(**dict.fromkeys(names, (noise + noise.swapaxes(1, 2)) / 2))
        square = np.stack([means] * len(SUBSETS))
        file.append(**dict.fromkeys(CHANCE, square))
    for subset in SUBSETS:
        stem = folder / "dissimilarity" / place / subset
        write_table(_pairs(keys, means, len(ids)), stem.with_name(f"{subset}_pairs.parquet"))
        seeds = pd.DataFrame(columns=["architecture", "model_a", "model_b", "rho"])
        write_table(seeds, stem.with_name(f"{subset}_seeds.csv"))


def _pairs(keys: list[str], rho: np.ndarray, images: int) -> pd.DataFrame:
    columns = {"n": np.full_like(rho, images), "mean": rho + 0.1, "chance": rho * 0 + 0.3}
    columns |= {"rho": rho, "low": rho - 0.05, "high": rho + 0.05}
    columns["dissimilarity"] = chord(rho)
    columns |= {"dissimilarity_low": chord(rho + 0.05), "dissimilarity_high": chord(rho - 0.05)}
    return pair_table(keys, columns)


def _scales(keys: list[str], images: int) -> pd.DataFrame:
    """Similarities at several scales."""
    draw = generator(0, "scales")
    tables = []
    for scale in SCALES:
        rho = draw.uniform(0.1, 0.9, (len(keys), len(keys)))
        table = _pairs(keys, (rho + rho.T) / 2, images).drop(
            columns=["dissimilarity", "dissimilarity_low", "dissimilarity_high"]
        )
        tables.append(table.assign(scale=scale, kind="pair"))
    return pd.concat(tables, ignore_index=True)
