"""The table of operations: which rule each function of torch that networks call gets.

A function that is not here is refused. Each rule gets the `Tape` and the `Call`, computes what the
network computes, and takes care that the gradient, times the value, is the relevance:

* what is linear in the signals, and what picks one of them, is left as it is (`selections`);
* a constant that is added gets an account in the ledger (`arithmetic`);
* activations are their input times a ratio that is held fixed (`activations`);
* gates, weights of attention and statistics of norms are held fixed: they are computed without a graph
  (`activations`, `normalisation`);
* weights of layers get the rule of the composite (`layers`);
* of two signals that multiply, one is held fixed, or each gets a half (`products`);
* functions that are many operations in one are written out (`expansions`).
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from thinkalike.explain.relevance.activations import (
    activation,
    clamp,
    gate,
    power,
    rectified,
    sigmoid,
)
from thinkalike.explain.relevance.arithmetic import (
    add,
    assign,
    extreme,
    join,
    subtract,
    subtract_from,
    where,
)
from thinkalike.explain.relevance.expansions import (
    attention,
    between,
    filled,
    lstm,
    multi_head_attention,
    sum_with,
    written_out,
)
from thinkalike.explain.relevance.layers import batch_norm, convolve, dense
from thinkalike.explain.relevance.normalisation import (
    group_norm,
    instance_norm,
    layer_norm,
    normalise,
    rms_norm,
    variance_and_mean,
)
from thinkalike.explain.relevance.products import contraction, product, quotient, sample
from thinkalike.explain.relevance.selections import (
    as_another,
    as_it_is,
    constant,
    detach,
    dropout,
    iterate,
    largest,
    pad,
)
from thinkalike.explain.relevance.tape import Rule, Table


def _functions(names: str) -> Iterator[Callable[..., Any]]:
    """The functions of these names wherever torch has them: functions, methods, operators."""
    spaces = (torch, torch.Tensor, torch.nn.functional, torch._C._nn, torch.linalg, torch.special)
    for name in names.split():
        places = (torch.Tensor,) if name.startswith("__") else spaces
        values = (getattr(space, name, None) for space in places)
        functions = [function for function in values if callable(function)]
        if not functions:
            raise AttributeError(f"torch has no {name}")
        yield from functions


def _properties(names: str) -> Iterator[Callable[..., Any]]:
    """The getters of these properties of tensors."""
    return (getattr(torch.Tensor, name).__get__ for name in names.split())


INQUIRIES = frozenset(
    {
        *_functions(
            "dim size stride numel nelement element_size is_contiguous is_floating_point storage_offset "
            "get_device data_ptr is_complex is_tensor __len__ ndimension __repr__ __hash__ __format__"
        ),
        *_properties(
            "shape ndim dtype device requires_grad is_cuda layout is_leaf is_sparse is_quantized "
            "is_meta is_cpu is_mps itemsize nbytes"
        ),
    }
)
"""Functions whose result says nothing of the values of a tensor."""

_TABLE: tuple[tuple[Rule, str], ...] = (
    (
        as_it_is,
        "reshape view flatten ravel unflatten permute transpose swapaxes movedim moveaxis swapdims t "
        "contiguous clone squeeze unsqueeze squeeze_ unsqueeze_ expand repeat "
        "repeat_interleave tile broadcast_to "
        "narrow select split tensor_split chunk unbind __getitem__ index_select gather roll flip rot90 "
        "neg neg_ negative __neg__ mean sum to float double type diagonal "
        "avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d "
        "max_pool1d max_pool2d adaptive_max_pool2d "
        "interpolate upsample pixel_shuffle pixel_unshuffle unfold fold channel_shuffle "
        "cumsum cumsum_ take_along_dim unsafe_chunk unsafe_split swapaxes_ permute_copy "
        "sort msort kthvalue topk cummax cummin aminmax",
    ),
    (as_another, "expand_as view_as reshape_as type_as"),
    (largest, "max min amax amin"),
    (iterate, "__iter__"),
    (pad, "pad"),
    (dropout, "dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout"),
    (detach, "detach"),
    (add, "add add_ __add__ __radd__ __iadd__"),
    (subtract, "sub sub_ subtract __sub__ __isub__"),
    (subtract_from, "rsub __rsub__"),
    (sum_with(torch.mul, "tensor1", "tensor2"), "addcmul addcmul_"),
    (sum_with(torch.div, "tensor1", "tensor2"), "addcdiv addcdiv_"),
    (sum_with(torch.matmul, "mat1", "mat2"), "addmm addmm_"),
    (sum_with(torch.matmul, "mat", "vec"), "addmv addmv_"),
    (sum_with(torch.matmul, "batch1", "batch2"), "baddbmm baddbmm_"),
    (sum_with(lambda a, b: (a @ b).sum(0), "batch1", "batch2"), "addbmm addbmm_"),
    (sum_with(lambda a, b: a[:, None] * b, "vec1", "vec2"), "addr addr_"),
    (written_out(between), "lerp lerp_"),
    (join, "cat concat concatenate stack hstack vstack"),
    (where, "where"),
    (extreme, "maximum minimum fmax fmin"),
    (written_out(filled), "masked_fill masked_fill_"),
    (assign, "__setitem__"),
    (
        activation,
        "gelu silu silu_ hardswish mish mish_ tanh tanh_ relu6 hardtanh elu selu celu softsign "
        "hardshrink softshrink tanhshrink atan asinh",
    ),
    (clamp, "clamp clip clamp_ clip_ clamp_min clamp_min_ clamp_max clamp_max_"),
    (power, "pow __pow__ square"),
    (rectified, "relu relu_ leaky_relu leaky_relu_ prelu abs"),
    (sigmoid, "sigmoid sigmoid_ hardsigmoid"),
    (
        gate,
        "softmax softmin softplus logsigmoid erf norm vector_norm var std "
        "exp exp_ reciprocal reciprocal_ __rtruediv__ __rpow__ "
        "sqrt rsqrt argmax argmin argsort eq ne lt le gt ge isnan isfinite sign sgn "
        "__eq__ __ne__ __lt__ __le__ __gt__ __ge__",
    ),
    (constant, "zeros_like ones_like full_like new_zeros new_ones new_full new_tensor"),
    (variance_and_mean, "var_mean"),
    (product, "mul mul_ multiply __mul__ __rmul__ __imul__"),
    (contraction, "matmul __matmul__ __rmatmul__ bmm mm mv dot einsum"),
    (quotient, "div div_ divide true_divide __truediv__ __itruediv__"),
    (sample, "grid_sample"),
    (attention, "scaled_dot_product_attention"),
    (multi_head_attention, "multi_head_attention_forward"),
    (lstm, "lstm"),
    (dense, "linear"),
    (convolve(1), "conv1d"),
    (convolve(2), "conv2d"),
    (convolve(3), "conv3d"),
    (convolve(2, transposed=True), "conv_transpose2d"),
    (batch_norm, "batch_norm"),
    (layer_norm, "layer_norm"),
    (group_norm, "group_norm"),
    (instance_norm, "instance_norm"),
    (rms_norm, "rms_norm"),
    (normalise, "normalize"),
)

OPERATIONS: dict[Callable[..., Any], Rule] = {
    function: rule
    for rule, functions in (
        (as_it_is, _properties("T mT H mH")),
        (detach, _properties("data")),
        *((rule, _functions(names)) for rule, names in _TABLE),
    )
    for function in functions
}
"""Function of torch → its rule."""

GATES = frozenset(_functions(f"{dict(_TABLE)[gate]} {dict(_TABLE)[sigmoid]} tanh tanh_"))
"""Functions that make a gate even of a product of two signals."""

ACTIVATIONS, MOVES = (
    frozenset(_functions(" ".join(names for rule, names in _TABLE if rule in rules)))
    for rules in (
        (activation, clamp, power, rectified),
        (as_it_is, as_another, iterate, dropout, pad),
    )
)
"""Functions whose results come straight out of an activation, and those that leave it at that."""

TABLE = Table(OPERATIONS, GATES, INQUIRIES, ACTIVATIONS, MOVES)
