"""Files of a study with one model of random weights, for the tests of scripts that explain."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from PIL import Image

from tests.support.explaining import classifier, images
from thinkalike.networks.model import Model
from thinkalike.networks.weights import save
from thinkalike.stores.tables import write_table

EXPLANATION = {
    "target": "prediction",
    "output": "logit",
    "baseline": [0.0, 0.0, 0.0],
    "precision": "float32",
}
CPU = torch.device("cpu")


@dataclass(frozen=True)
class SmallStudy:
    """What a script is handed: paths of images, weights and predictions, and the rest by name."""

    model: Model
    folder: Path
    paths: tuple[str, str, str]
    parameters: dict[str, Any]


def small_study(folder: Path, key: str, count: int, size: int = 64) -> SmallStudy:
    """Write images, weights and predictions of a model of the catalogue."""
    model = classifier(key, size)
    pixels = images(count, size)
    names = [f"image_{i}" for i in range(count)]
    for name, picture in zip(names, pixels, strict=True):
        Image.fromarray(picture).save(folder / f"{name}.png")
    selection, weights, predictions = (
        str(folder / name)
        for name in ("images.parquet", "weights.safetensors", "predicted.parquet")
    )
    paths = [str(folder / f"{name}.png") for name in names]
    write_table(pd.DataFrame({"image_id": names, "path": paths, "label": 0}), selection)
    save(model, weights, {})
    with torch.inference_mode():
        logits = model.network(model.normalise(pixels)).numpy()
    predicted = {
        "image_id": names,
        "predicted": logits.argmax(1),
        "label": 0,
        "logits": list(logits),
    }
    write_table(pd.DataFrame(predicted), predictions)
    architecture = {
        "name": key,
        "timm": model.architecture.timm,
        "arguments": model.architecture.arguments,
    }
    parameters = {
        "architecture": architecture,
        "explanation": EXPLANATION,
        "size": size,
        "seed": 0,
        "device": CPU,
    }
    return SmallStudy(model, folder, (selection, weights, predictions), parameters)
