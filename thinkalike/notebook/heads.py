"""Heads for networks that have none, fitted to labelled images in memory."""

import numpy as np

from thinkalike.errors import InputError
from thinkalike.networks.model import Model
from thinkalike.networks.probes import with_head
from thinkalike.notebook.explaining import checked_models, placed
from thinkalike.notebook.images import Images


def fit_head(
    model: Model, images: Images, head: str = "probe", *, device: str | None = None
) -> Model:
    """Fit a head for the classes of labelled images to the frozen features of a model.

    Args:
        model: such as a backbone without a head; it stays as it is.
        images: to learn from, with their classes, which become those of the outputs, in order.
        head: `probe`, a logistic regression, or `means`, the cosine to the mean features of each class.
        device: where to compute; by default where the model is.

    Returns:
        A model of the same name and network with this head (`networks.probes.with_head`).

    Raises:
        InputError: images without classes, a class of fewer than two, a network without a linear head.
    """
    if not isinstance(images, Images) or images.class_names is None:
        raise InputError(
            "images: a head is learned from the classes of images; give ta.images(…, classes=…), or a "
            "folder of class folders"
        )
    classes, labels = np.unique(np.array(images.class_names), return_inverse=True)
    (checked,) = checked_models([model], images)
    with placed(checked, device):
        names = list(map(str, classes))
        return with_head(checked, images.pixels, labels, classes=names, kind=head)
