"""Networks that other people's code has worked on, put back as they were."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def untouched(network: nn.Module) -> Iterator[None]:
    """Afterwards every module has the attributes, hooks and mode that it had before, whatever happens.

    Weights are not copied: code that changes them in place is not undone.
    """
    before = []
    for module in network.modules():
        kept = dict(vars(module))
        hooks = {name: dict(value) for name, value in kept.items() if "_hooks" in name}
        before.append((module, kept, hooks))
    try:
        yield
    finally:
        for module, kept, hooks in before:
            for name in vars(module).keys() - kept.keys():
                del vars(module)[name]
            vars(module).update(kept)
            for name, entries in hooks.items():
                kept[name].clear()
                kept[name].update(entries)
