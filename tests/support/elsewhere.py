"""A device that is not the CPU, on a machine without one: it refuses what CUDA refuses, and counts waits.

Its tensors say that they are on `meta` and hold one of the CPU. As on CUDA, operations on tensors of both
devices end with an error, unless the one of the CPU is a single number or an index; numpy cannot read them;
and whoever asks for their values, or copies to the device without `non_blocking`, waits for the device.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device("meta")
aten = torch.ops.aten
INDEXED = (aten.index.Tensor, aten.index_put.default, aten.index_put_.default)
READ = (aten._local_scalar_dense.default, aten.equal.default, aten.nonzero.default)


class Elsewhere(torch.Tensor):
    """A tensor on the device, which holds its values in one of the CPU."""

    held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "Elsewhere":
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.size(), held.stride(), held.storage_offset(), dtype=held.dtype, device=DEVICE
        )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _called(func, args, kwargs or {}, Counter())


class _Device(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _called(func, args, kwargs or {}, self.waits)


@contextmanager
def elsewhere() -> Iterator[Counter[str]]:
    """While open, there is the device; gives operation → how often it has waited for the device."""
    with _Device() as device:
        yield device.waits


def _called(func, args, kwargs, waits: Counter[str]):
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    there = [isinstance(tensor, Elsewhere) for tensor in tensors]
    target = kwargs.get("device")
    arrives = any(there) if target is None else torch.device(target) == DEVICE
    if func is aten._to_copy.default and arrives != any(there) and not kwargs.get("non_blocking"):
        waits[f"a copy to {'the device' if arrives else 'the CPU'}"] += 1
    if any(there):
        if func in READ:
            waits[str(func)] += 1
        _refuse_both(func, args, tensors, there, waits)
    if not (arrives or any(there)):
        return func(*args, **kwargs)
    if target is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
        if func is aten._to_copy.default and arrives != any(there):
            args = (args[0].clone() if not any(there) else args[0], *args[1:])
    inner, options = tree_map_only(Elsewhere, lambda t: t.held, (args, kwargs))
    result = func(*inner, **options)
    changed = {id(t.held): t for t in tensors if isinstance(t, Elsewhere)}
    if not arrives:
        return result.clone() if func is aten._to_copy.default else result

    def back(value: torch.Tensor) -> torch.Tensor:
        return changed[id(value)] if id(value) in changed else Elsewhere(value)

    return tree_map_only(torch.Tensor, back, result)


def _refuse_both(func, args, tensors, there, waits) -> None:
    """Refuse an operation on tensors of both devices, as CUDA does."""
    if func is aten._to_copy.default:
        return
    here = [t for t, is_there in zip(tensors, there, strict=True) if not is_there and t.ndim]
    if func in INDEXED:
        indices = [t for t in args[1] if isinstance(t, torch.Tensor)]
        waits["an index of the CPU"] += any(not isinstance(t, Elsewhere) for t in indices)
        waits["a mask"] += any(t.dtype == torch.bool for t in indices)
        here = [t for t in here if not any(t is index for index in indices)]
    if func is aten.copy_.default:
        waits["a copy between devices"] += bool(here)
        return
    if here:
        raise RuntimeError(f"{func}: all tensors have to be on the same device")
