"""Networks of the user's own: built by a function of a Python file, which is run."""

import inspect

from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.user_code import check_arguments, load, modules_beside, place_of


def constructed(architecture: Architecture, classes: int) -> nn.Module:
    """The network that a file's function builds, with weights from torch's random state.

    A function with a parameter `num_classes` is given the number of outputs: that of the classes, or 1
    where the outputs are `binary`.

    Args:
        architecture: with `file`, `build` and `arguments` of the function.
        classes: number of classes.

    Raises:
        InputError: the file has changed since the job was planned, cannot be run or has no such function,
            or the function refuses its arguments or fails.
    """
    function = load(architecture.file, architecture.build, architecture.content or None)
    arguments = dict(architecture.arguments)
    if "num_classes" in inspect.signature(function).parameters:
        is_binary = architecture.outputs.get("kind") == "binary"
        arguments.setdefault("num_classes", 1 if is_binary else classes)
    check_arguments(function, architecture.file, 0, arguments)
    try:
        with modules_beside(architecture.file):
            network: nn.Module = function(**arguments)
    except Exception as error:
        raise InputError(
            f"{architecture.name}: {architecture.build} of {architecture.file} fails ({place_of(error)}); "
            "correct it, or the `arguments` that it is given"
        ) from error
    return network
