"""Images of ImageNet, told by the names of their files."""

import re
from pathlib import PurePosixPath

IMAGENET_TRAIN = "imagenet_train"
"""Value of `exclude`: images that bear names of ImageNet's training images."""

EXCLUSIONS = (IMAGENET_TRAIN,)

TRAINING_NAME = re.compile(r"n\d{8}_\d+\.jpe?g", re.IGNORECASE)
"""Synset and number, as in `n01440764_10026.JPEG`; an image of the validation set is called
`ILSVRC2012_val_00009111.JPEG`.
"""


def bears_training_name(path: str) -> bool:
    """Whether a file is called as ImageNet's training images are.

    A name is a sign and no proof: a renamed image has been seen all the same.
    """
    return TRAINING_NAME.fullmatch(PurePosixPath(path).name) is not None
