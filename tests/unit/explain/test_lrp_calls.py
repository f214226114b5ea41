"""Every operation of LRP's table in every form of a call: the ledger closes, or the call is refused."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from thinkalike.errors import InputError
from thinkalike.explain.relevance.ledger import Ledger
from thinkalike.explain.relevance.table import _TABLE, OPERATIONS, TABLE
from thinkalike.explain.relevance.tape import Composite, Kind, Tape

SPACES = (torch, torch.Tensor, torch.nn.functional, torch._C._nn, torch.linalg, torch.special)
CLOSE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 0.1}
"""Largest gap of the ledger, as a share of all that is added up."""


class Given:
    """Tensors of every kind, of numbers of one type."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = images

    def signal(self, *shape: int, start: int = 0) -> torch.Tensor:
        count = int(np.prod(shape))
        return self.images.flatten()[start : start + count].reshape(shape).clone()

    def gate(self, *shape: int) -> torch.Tensor:
        return self.signal(*shape, start=7).sigmoid()

    def constant(self, *shape: int) -> torch.Tensor:
        numbers = torch.linspace(-1.3, 1.7, int(np.prod(shape)), dtype=torch.float64)
        return numbers.reshape(shape).to(self.images.dtype).clone()


def of(kind: str, *shape: int, **how: int) -> Callable[[Given], Any]:
    return lambda given: getattr(given, kind)(*shape, **how)


A, B, GATE, CONSTANT = (
    of("signal", 3, 4),
    of("signal", 3, 4, start=20),
    of("gate", 3, 4),
    of("constant", 3, 4),
)
SINGLE = lambda given: given.constant(3, 4).float()  # noqa: E731
"""A constant of less precision, perhaps."""
POSITIVE = lambda given: given.signal(3, 4).abs() + 0.1  # noqa: E731
MAPS, CUBE = of("signal", 2, 3, 6, 6), of("signal", 1, 2, 3, 4)
NUMBER = 0.3
MASK = lambda given: torch.arange(12).reshape(3, 4) % 3 == 1  # noqa: E731
INDEX = lambda given: torch.tensor([[0, 2, 1, 3], [3, 0, 1, 1], [2, 2, 0, 1]])  # noqa: E731
TERMS = (A, B, CONSTANT, SINGLE, GATE, NUMBER, 2)

Arguments = dict[str, tuple[Any, ...]]
UNARY: Arguments = {"input": (A,)}
PAIR: Arguments = {"input": (A, CONSTANT, GATE, NUMBER), "other": TERMS}
SUM: Arguments = {**PAIR, "alpha": (0.7,)}
ALONG: Arguments = {"input": (A,), "dim": (1,)}
CHANNELS = (of("constant", 3),)
SCALES = (lambda given: given.constant(3).abs() + 0.2,)
NORM: Arguments = {"weight": CHANNELS, "bias": CHANNELS}
STATISTICS: Arguments = {"running_mean": CHANNELS, "running_var": SCALES}
LISTS: Arguments = {
    "tensors": tuple(
        lambda given, second=second: [A(given), second(given)] for second in (B, CONSTANT, SINGLE)
    )
}


def convolution(dimensions: int, *, transposed: bool = False) -> Arguments:
    size = (6,) * dimensions
    settings: Arguments = {"stride": (1, 2), "padding": (1,)}
    more: Arguments = {"output_padding": (0,), "groups": (1,), "dilation": (1,)}
    if not transposed:
        more = {"dilation": (1,), "groups": (1,)}
    return {
        "input": (of("signal", 1, 3, *size),),
        "weight": (of("constant", *(3, 2) if transposed else (2, 3), *(3,) * dimensions),),
        "bias": (of("constant", 2), None),
        **settings,
        **more,
    }


MULTIPLIED = (of("signal", 3, 3), of("constant", 3, 3))
MATRIX: Arguments = {
    "mat1": (*MULTIPLIED, of("gate", 3, 3)),
    "mat2": (of("signal", 3, 4, start=40), CONSTANT, GATE),
}
SUMMED: Arguments = {"input": (A, CONSTANT, SINGLE, GATE)}
WEIGHED: Arguments = {"beta": (0.6,), "alpha": (0.7,)}
STACKED: Arguments = {
    "batch1": (of("signal", 2, 3, 5), of("constant", 2, 3, 5)),
    "batch2": (of("signal", 2, 5, 4, start=9), of("constant", 2, 5, 4)),
}
BOUNDS = (None, -0.4, 0, 0.25)


def to_all(names: str, arguments: Arguments, first: Any = None) -> dict[str, Arguments]:
    if first is not None:
        arguments = {"input": (first,), **{k: v for k, v in arguments.items() if k != "input"}}
    return dict.fromkeys(names.split(), arguments)


CALLS: dict[str, Arguments] = {
    **to_all(
        "ravel t contiguous clone neg neg_ negative __neg__ float double T mT H mH data detach __iter__ "
        "gelu silu silu_ hardswish mish mish_ tanh tanh_ relu6 selu celu softsign softshrink "
        "tanhshrink atan asinh square relu relu_ abs sigmoid sigmoid_ hardsigmoid softplus logsigmoid "
        "erf exp exp_ reciprocal reciprocal_ isnan isfinite sign sgn zeros_like ones_like "
        "hardtanh elu hardshrink leaky_relu leaky_relu_ flatten mean sum max min amax amin norm "
        "vector_norm var std argmax argmin argsort var_mean "
        "msort aminmax normalize",
        UNARY,
    ),
    **to_all("sqrt rsqrt", UNARY, POSITIVE),
    **to_all(
        "mean sum max min amax amin norm vector_norm var std argmax argmin argsort var_mean softmax "
        "softmin cumsum cumsum_ sort cummax cummin unbind squeeze squeeze_ unsqueeze unsqueeze_",
        ALONG,
    ),
    **to_all("var std var_mean mean sum amax amin", {**ALONG, "keepdim": (True, False)}),
    **to_all("add add_ sub sub_ subtract rsub", SUM),
    **to_all(
        "__add__ __radd__ __iadd__ __sub__ __isub__ __rsub__ mul mul_ multiply __mul__ __rmul__ "
        "__imul__ div div_ divide true_divide __truediv__ __itruediv__ __rtruediv__ maximum "
        "minimum fmax fmin eq ne lt le gt ge __eq__ __ne__ __lt__ __le__ __gt__ __ge__",
        PAIR,
    ),
    "__rpow__": {"input": (A,), "other": (2, POSITIVE)},
    **to_all("pow __pow__", {"input": (POSITIVE,), "exponent": (2, 0.5, 1.5, -1, CONSTANT)}),
    **to_all(
        "clamp clip clamp_ clip_",
        {"input": (A,), "min": (*BOUNDS, CONSTANT), "max": (*BOUNDS, CONSTANT)},
    ),
    **to_all("clamp_min clamp_min_", {"input": (A,), "min": (-0.4, 0, 0.25, CONSTANT, SINGLE, B)}),
    **to_all("clamp_max clamp_max_", {"input": (A,), "max": (-0.4, 0, 0.25, CONSTANT, SINGLE, B)}),
    "hardtanh": {"input": (A,), "min_val": (-0.5,), "max_val": (0.4,)},
    "where": {"condition": (MASK,), "input": TERMS, "other": TERMS},
    **to_all(
        "masked_fill masked_fill_",
        {"input": (A,), "mask": (MASK,), "value": (0.3, 2, lambda g: g.constant(1)[0])},
    ),
    "__setitem__": {
        "input": (A, CONSTANT),
        "places": ((slice(1, 2),),),
        "value": (0.3, of("signal", 4)),
    },
    **to_all(
        "addcmul addcmul_ addcdiv addcdiv_",
        {
            **SUMMED,
            "tensor1": (B, CONSTANT, GATE),
            "tensor2": (B, CONSTANT, GATE),
            "value": (0.7,),
        },
    ),
    **to_all("addmm addmm_", {**SUMMED, **MATRIX, **WEIGHED}),
    **to_all("baddbmm baddbmm_", {"input": (of("signal", 2, 3, 4),), **STACKED, **WEIGHED}),
    **to_all("addbmm addbmm_", {**SUMMED, **STACKED, **WEIGHED}),
    **to_all(
        "addmv addmv_",
        {
            "input": (of("signal", 3), of("constant", 3)),
            "mat": (*MULTIPLIED, of("gate", 3, 3)),
            "vec": (of("signal", 3, start=4), of("constant", 3)),
            **WEIGHED,
        },
    ),
    **to_all(
        "addr addr_",
        {
            **SUMMED,
            "vec1": (of("signal", 3, start=4), of("constant", 3)),
            "vec2": (of("signal", 4, start=9), of("constant", 4)),
            **WEIGHED,
        },
    ),
    **to_all("lerp lerp_", {**SUMMED, "end": (B, CONSTANT), "weight": (0.3, CONSTANT, GATE)}),
    **to_all("reshape view", {"input": (A,), "shape": ((2, 6),)}),
    **to_all("unflatten", {"input": (A,), "dim": (1,), "sizes": ((2, 2),)}),
    **to_all("permute permute_copy", {"input": (A,), "dims": ((1, 0),)}),
    **to_all("transpose swapaxes swapdims swapaxes_", {"input": (A,), "dim0": (0,), "dim1": (1,)}),
    **to_all("movedim moveaxis", {"input": (A,), "source": (0,), "destination": (1,)}),
    **to_all("expand broadcast_to", {"input": (A,), "size": ((2, 3, 4),)}),
    "repeat": {"input": (A,), "repeats": ((2, 1),)},
    "tile": {"input": (A,), "dims": ((2, 1),)},
    "repeat_interleave": {
        "input": (A,),
        "repeats": (2, lambda g: torch.tensor([1, 2, 1])),
        "dim": (0,),
    },
    "narrow": {"input": (A,), "dim": (1,), "start": (1,), "length": (2,)},
    "select": {"input": (A,), "dim": (1,), "index": (2,)},
    **to_all("split unsafe_split", {"input": (A,), "split_size": (2,), "dim": (1,)}),
    "tensor_split": {"input": (A,), "indices_or_sections": (2,), "dim": (1,)},
    **to_all("chunk unsafe_chunk", {"input": (A,), "chunks": (2,), "dim": (1,)}),
    "__getitem__": {"input": (A,), "places": ((slice(1, 2), 1), 0)},
    "index_select": {"input": (A,), "dim": (1,), "index": (lambda g: torch.tensor([0, 2]),)},
    "gather": {"input": (A,), "dim": (1,), "index": (INDEX,)},
    "take_along_dim": {"input": (A,), "indices": (INDEX,), "dim": (1,)},
    "roll": {"input": (A,), "shifts": (1,), "dims": (1,)},
    "flip": {"input": (A,), "dims": ((0, 1),)},
    "rot90": {"input": (A,), "k": (1,), "dims": ((0, 1),)},
    **to_all("to type", {"input": (A,), "dtype": (torch.float64, torch.float32)}),
    "diagonal": {"input": (A,), "offset": (1,)},
    **to_all(
        "avg_pool1d max_pool1d", {"input": (CUBE,), "kernel_size": (2,)}, of("signal", 2, 3, 6)
    ),
    **to_all("avg_pool2d max_pool2d", {"kernel_size": (2,), "stride": (1,)}, MAPS),
    "adaptive_avg_pool1d": {"input": (of("signal", 2, 3, 6),), "output_size": (2,)},
    **to_all("adaptive_avg_pool2d adaptive_max_pool2d", {"output_size": (2,)}, MAPS),
    **to_all("interpolate upsample", {"size": ((4, 5),), "mode": ("bilinear", "nearest")}, MAPS),
    "pixel_shuffle": {"input": (of("signal", 1, 4, 2, 2),), "upscale_factor": (2,)},
    "pixel_unshuffle": {"input": (MAPS,), "downscale_factor": (2,)},
    "channel_shuffle": {"input": (MAPS,), "groups": (3,)},
    "unfold": {"input": (MAPS,), "kernel_size": (2,)},
    "fold": {"input": (of("signal", 1, 4, 4),), "output_size": ((3, 3),), "kernel_size": (2,)},
    **to_all(
        "expand_as view_as reshape_as",
        {"input": (of("signal", 1, 4),), "other": (of("signal", 1, 4), of("constant", 1, 4))},
    ),
    "type_as": {"input": (A, CONSTANT), "other": (B, CONSTANT)},
    "pad": {"input": (A,), "pad": ((1, 2),), "mode": ("constant",), "value": (0.3, 2, None)},
    **to_all(
        "dropout dropout2d dropout3d alpha_dropout feature_dropout",
        {"p": (0.5,), "training": (False, True)},
        MAPS,
    ),
    "dropout1d": {"input": (of("signal", 2, 3, 6),), "p": (0.5,), "training": (False, True)},
    **to_all("cat concat concatenate stack hstack vstack", LISTS),
    "topk": {"input": (A,), "k": (2,)},
    "kthvalue": {"input": (A,), "k": (2,)},
    "prelu": {"input": (A,), "weight": (of("constant", 1),)},
    "full_like": {"input": (A,), "fill_value": (0.3,)},
    "new_full": {"input": (A,), "size": ((2,),), "fill_value": (0.3,)},
    **to_all("new_zeros new_ones", {"input": (A,), "size": ((2,),)}),
    "new_tensor": {"input": (A,), "data": ([0.3, 1.0],)},
    **to_all("matmul __matmul__ __rmatmul__ mm", {"input": MULTIPLIED, "mat2": MULTIPLIED}),
    "bmm": {"input": (of("signal", 2, 3, 5),), "mat2": (STACKED["batch2"])},
    "mv": {"input": MULTIPLIED, "vec": (of("signal", 3), of("constant", 3))},
    "dot": {"input": (of("signal", 3),), "tensor": (of("signal", 3, start=4), of("constant", 3))},
    "einsum": {"equation": ("ij,ij->i",), "a": (A, CONSTANT), "b": (A, B, CONSTANT)},
    "grid_sample": {
        "input": (MAPS,),
        "grid": (lambda g: g.constant(2, 2, 2, 2) / 2, lambda g: g.signal(2, 2, 2, 2).tanh()),
        "mode": ("bilinear",),
        "padding_mode": ("zeros",),
        "align_corners": (False,),
    },
    "scaled_dot_product_attention": {
        "query": (CUBE,),
        "key": (of("signal", 1, 2, 5, 4, start=3),),
        "value": (of("signal", 1, 2, 5, 4, start=8), of("constant", 1, 2, 5, 4)),
        "attn_mask": (None, of("constant", 3, 5)),
    },
    "linear": {"input": (A,), "weight": (of("constant", 2, 4),), "bias": (of("constant", 2), None)},
    **{f"conv{d}d": convolution(d) for d in (1, 2, 3)},
    "conv_transpose2d": convolution(2, transposed=True),
    "batch_norm": {
        "input": (MAPS,),
        **STATISTICS,
        **NORM,
        "training": (False,),
        "momentum": (0.1,),
        "eps": (0.3,),
    },
    "instance_norm": {
        "input": (MAPS,),
        **dict.fromkeys(STATISTICS, (None,)),
        **NORM,
        "use_input_stats": (True,),
        "momentum": (0.1,),
        "eps": (0.3,),
    },
    "layer_norm": {
        "input": (A,),
        "normalized_shape": ((4,),),
        "weight": (of("constant", 4),),
        "bias": (of("constant", 4),),
        "eps": (0.3,),
    },
    "group_norm": {"input": (MAPS,), "num_groups": (3,), **NORM, "eps": (0.3,)},
    "rms_norm": {
        "input": (A,),
        "normalized_shape": ((4,),),
        "weight": (of("constant", 4),),
        "eps": (0.3,),
    },
}
"""Name of a function → its arguments in their order, with what each may be."""

NATIVE: dict[str, Arguments] = {
    "batch_norm": {
        "input": (MAPS,),
        **NORM,
        **STATISTICS,
        "training": (False,),
        "momentum": (0.1,),
        "eps": (0.3,),
        "cudnn_enabled": (False,),
    },
    "instance_norm": {
        "input": (MAPS,),
        **NORM,
        **dict.fromkeys(STATISTICS, (None,)),
        "use_input_stats": (True,),
        "momentum": (0.1,),
        "eps": (0.3,),
        "cudnn_enabled": (False,),
    },
    **to_all("dropout alpha_dropout feature_dropout", {"p": (0.5,), "train": (False, True)}, MAPS),
    "hardtanh": {"input": (A,), "min_val": (-0.5,), "max_val": (0.4,)},
}
"""Arguments of functions of `torch` that have other names or another order there."""
METHODS: dict[str, Arguments] = {
    "where": {"self": TERMS, "condition": (MASK,), "other": TERMS},
    "unfold": {"self": (A,), "dimension": (1,), "size": (2,), "step": (1,)},
}
"""Arguments of methods that are in another order."""
WRITTEN_ELSEWHERE = {"multi_head_attention_forward", "lstm"}
"""Tested by the modules that call them."""
NUMPY = tuple(
    {"input": first, "dim": "axis", "keepdim": "keepdims", "other": "x2"}
    for first in ("self", "x", "a", "x1", "tensor")
)
"""Names that torch takes beside its own."""


def arguments_of(space: Any, name: str) -> Arguments:
    if space is torch.Tensor:
        return METHODS.get(name, CALLS[name])
    return NATIVE.get(name, CALLS[name]) if space is torch else CALLS[name]


def forms(name: str, more: bool) -> Iterator[tuple[Callable[..., Any], int, dict[str, Any]]]:
    """Function, how many of its arguments are given by position, and all of them.

    Args:
        name: of the function.
        more: with the names of NumPy, too.
    """
    for space in SPACES:
        function = getattr(space, name, None)
        if name in ("T", "mT", "H", "mH", "data"):
            function = getattr(torch.Tensor, name).__get__ if space is torch.Tensor else None
        if function is None or function not in OPERATIONS:
            continue
        arguments = arguments_of(space, name)
        spellings = ({}, *NUMPY) if more else ({},)
        names = [[spelling.get(name, name) for name in arguments] for spelling in spellings]
        for values in product(*arguments.values()):
            yield function, len(values), dict(zip(arguments, values, strict=True))
            for known in names:
                for count in (0, 1):
                    yield function, count, dict(zip(known, values, strict=True))


def made(value: Any, given: Given) -> Any:
    return value(given) if callable(value) and not isinstance(value, torch.dtype) else value


def called(
    function: Callable[..., Any], count: int, arguments: dict[str, Any], given: Given
) -> Any:
    values = {name: made(value, given) for name, value in arguments.items()}
    first = list(values.values())[:count]
    rest = dict(list(values.items())[count:])
    result = function(*first, **rest)
    if result is None:  # an assignment
        return [first[0]]
    if isinstance(result, torch.Tensor):
        return [result]
    return list(result)


def total(results: list[torch.Tensor]) -> torch.Tensor:
    """A weighted sum of all numbers, in float64."""
    return sum(
        (r * torch.linspace(0.5, 1.5, r.numel(), dtype=torch.float64).reshape(r.shape)).sum()
        for r in results
    )


def closes(
    function: Callable[..., Any], count: int, arguments: dict[str, Any], dtype: torch.dtype
) -> bool:
    """Whether the ledger of a call closes; else it is refused by name, or one that torch does not know."""
    numbers = torch.randn(1, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    numbers = numbers.repeat(1, 10).to(dtype)
    try:
        with torch.no_grad():
            expected = called(function, count, arguments, Given(numbers))
    except (TypeError, RuntimeError, ValueError, IndexError, AttributeError):
        raise UnknownCallError from None
    images, ledger, error = numbers.clone().requires_grad_(), Ledger(1), None
    try:
        with Tape("Custom", nn.Module(), images, ledger, Composite(), TABLE) as tape:
            results = called(function, count, arguments, Given(images))
    except InputError as refusal:
        error = str(refusal)
    if error is not None:
        name = function.__name__.strip("_")
        assert re.search(rf"no way through \S*({name}|{name.removeprefix('i')})", error), error
        return False
    near = max(CLOSE.get(result.dtype, 0.0) for result in (*results, images))
    for result, plain in zip(results, expected, strict=True):
        torch.testing.assert_close(result.detach(), plain, rtol=near, atol=near)
    signals = [result for result in results if tape.kind(result) is Kind.SIGNAL]
    score = total(signals)
    if signals:
        (gradient,) = torch.autograd.grad(score, images)
        constants = sum(float(balance.sum()) for balance in ledger.balances().values())
        shares = float((images.double() * gradient.double()).sum()) + constants
        assert abs(shares - float(score)) <= near * max(1, float(total([r.abs() for r in signals])))
    return True


class UnknownCallError(Exception):
    """A form of a call that torch itself does not take."""


TRAINING = {"dropout", "alpha_dropout", "feature_dropout", *(f"dropout{d}d" for d in (1, 2, 3))}
GIVEN_UP = {"add", "add_", "sub", "sub_", "subtract", "rsub"}
"""Refused in training mode; and with alpha by position, an order that torch has given up."""


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: str(d).removeprefix("torch."))
@pytest.mark.parametrize("name", CALLS)
def test_every_form_of_a_call_closes_or_is_refused_by_name(name, dtype):
    answers = []
    for form in forms(name, dtype is torch.float64):
        with suppress(UnknownCallError):
            answers.append(closes(*form, dtype))
    assert any(answers)
    assert all(answers) or name in TRAINING | GIVEN_UP


def test_every_operation_of_the_table_is_called():
    names = {name for _, names in _TABLE for name in names.split()}
    assert names - WRITTEN_ELSEWHERE <= CALLS.keys()
