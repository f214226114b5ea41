"""Networks with another head, of random weights, for other classes."""

from copy import deepcopy
from typing import Any

from torch import nn

from thinkalike.networks.model import Model, create, name_of_head


def with_new_head(model: Model, classes: int) -> tuple[nn.Module, nn.Module]:
    """The network of a model with a head of random weights for other classes, and that head.

    A network from a file is built anew for so many classes, and given all weights but those of its head;
    of one that was wrapped the linear layer at its end is replaced.

    Raises:
        InputError: a network that is not timm's does not end in a linear layer, or has other outputs.
    """
    if not model.architecture.file:
        network: Any = deepcopy(model.network)
        if not hasattr(network, "reset_classifier"):
            name = name_of_head(network, model.size, model.name)
            head = nn.Linear(network.get_submodule(name).in_features, classes)
            network.set_submodule(name, head)
            return network, head
        network.reset_classifier(classes)
        return network, network.get_classifier()
    network = create(model.architecture, classes=classes, size=model.size)
    name = name_of_head(network, model.size, model.name)
    known = network.state_dict()
    body = {
        key: value
        for key, value in model.network.state_dict().items()
        # heads that are there for training alone have other shapes, too
        if not key.startswith(f"{name}.") and value.shape == known[key].shape
    }
    network.load_state_dict(body, strict=False)
    return network, network.get_submodule(name)
