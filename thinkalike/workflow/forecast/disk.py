"""Sizes of files."""

import re
from collections.abc import Mapping
from pathlib import Path

from thinkalike.workflow.forecast.costs import Cost, Study
from thinkalike.workflow.forecast.data import DatasetSize
from thinkalike.workflow.forecast.passes import (
    _method_in,
    _names,
    base_method,
    class_images,
    explained,
)

DRAWS = 8
"""From the posterior of a KernelSHAP map; as in explain/kernelshap.py."""


NUMBERS = 0.93
"""Share that compression leaves of float32 numbers of no pattern."""


FILE_BYTES = 20e3
"""Of a NetCDF file without images: attributes, structure."""


IMAGE_BYTES = 85
"""Of an image in such a file: its id and a few measures."""


FEATURES = 1000
"""Penultimate, of a network; the built-in ones have between 64 and 2,048."""


LABEL_BYTES = 0.2
"""Of a pixel's superpixel, compressed."""


TYPICAL_MEGABYTES = {".svg": 0.18, ".png": 0.21, ".csv": 0.005, ".parquet": 0.007}
"""Of files that hardly depend on the study: means over the digits study."""


PRETRAINED_CLASSES = 1000
"""Outputs of weights of ImageNet, that are not fine-tuned."""


def megabytes(study: Study, path: str, data: DatasetSize, costs: Mapping[str, Cost]) -> float:
    """About how large a file of a study will be, in MB (10⁶ bytes).

    Maps are float32 coefficients, compressed to NUMBERS of their bytes: cells of a grid, pixels, or
    superpixels with their standard errors and draws. A similarity is a float64 for each image and pair of
    models, and another with its standard error. Weights are float32. Shards are 0: they do not stay.
    """
    file, names, count = Path(path), _names(path), study["images"]["count"]
    if names[0] == "shards":
        return 0.0
    model = file.stem if file.stem in costs else None
    if model and file.suffix == ".safetensors":
        return costs[model].megabytes
    if model and "predictions" in names:
        return _predictions_megabytes(study, model, data)
    if file.suffix != ".nc":
        return TYPICAL_MEGABYTES.get(file.suffix, 0.0)
    if file.stem == "segments":
        return (FILE_BYTES + count * study["images"]["size"] ** 2 * LABEL_BYTES) / 1e6
    method = _method_in(study, path)
    if "neon" in names and model:
        return _cluster_megabytes(study, "maps" in names, data, costs[model])
    if "spectral" in names and model:
        numbers = _map_numbers(study, study["spectral"]["method"], costs[model])
        of_class = class_images(study, data)
        return (FILE_BYTES + of_class * (IMAGE_BYTES + 4 * NUMBERS * numbers)) / 1e6
    if method is None:
        return FILE_BYTES / 1e6
    images = explained(study, method)
    if "again" in names:
        images = min(images, study["settings"][method]["ceiling_images"])
    if model:
        numbers = _map_numbers(study, method, costs[model])
    else:
        numbers = _pair_numbers(study, method, file.stem)
    return (FILE_BYTES + images * (IMAGE_BYTES + 4 * NUMBERS * numbers)) / 1e6


def _predictions_megabytes(study: Study, model: str, data: DatasetSize) -> float:
    pretrained = study["catalogue"][model].get("weights") == "pretrained"
    classes = PRETRAINED_CLASSES if pretrained else data.classes
    return (3e3 + study["images"]["count"] * (8 * classes + 10)) / 1e6


def _cluster_megabytes(study: Study, maps: bool, data: DatasetSize, cost: Cost) -> float:
    neon, count = study["neon"], study["images"]["count"]
    if maps:
        images = min(count, neon["shown"] * (neon["clusters"] or data.classes))
        numbers = _map_numbers(study, neon["method"], cost)
    else:
        images, numbers = count, 2 * FEATURES
    return (FILE_BYTES + images * (IMAGE_BYTES + 4 * NUMBERS * numbers)) / 1e6


def _map_numbers(study: Study, method: str, cost: Cost) -> int:
    """float32 numbers of a map."""
    match base_method(study, method):
        case "gradcam":
            return cost.cells.get(study["settings"][method]["depth"], 0)
        case "kernelshap":
            segments = study["settings"][method].get("segments") or study["segments"]["count"]
            return int(segments) * (2 + DRAWS)
    return int(study["images"]["size"] ** 2)


def _pair_numbers(study: Study, method: str, name: str) -> int:
    """float32 numbers that take as much as the float64 similarities of an image.

    Of all models, or of two groups of them if the file is called by their numbers, as in 0_1.
    """
    models = len(study["models"])
    rows = columns = models
    if tile := re.fullmatch(r"(\d+)_(\d+)", name):
        group = study["similarity"]["group"]
        rows, columns = (min(group, models - group * int(number)) for number in tile.groups())
    estimated = base_method(study, method) == "kernelshap"
    return 2 * rows * columns * (2 if estimated else 1)
