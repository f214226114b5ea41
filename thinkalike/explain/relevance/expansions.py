"""Functions of torch that are many operations in one, written out in operations that have rules."""

import inspect
from collections.abc import Callable
from typing import Any

import torch

from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.tape import Kind, Rule, Tape

F = torch.nn.functional

ATTENTION = inspect.signature(F.multi_head_attention_forward)
UNCOMMON = ("bias_k", "bias_v", "static_k", "static_v", "add_zero_attn")
"""Arguments of a multi-head attention that add tokens of its own."""


def written_out(formula: Callable[[Call], torch.Tensor]) -> Rule:
    """Rule of a function that is a few operations, in place or not.

    Args:
        formula: the operations, from the arguments of the call.
    """

    def rule(tape: Tape, call: Call) -> Any:
        if len(call.args) > 3:
            tape.refuse(call, "its arguments have an order that torch has given up")
        with tape.again(call):
            result = formula(call.on_copy)
        return tape.into_place(call, result)

    return rule


def sum_with(multiply: Callable[..., torch.Tensor], first: str, second: str) -> Rule:
    """Rule of β · a + α · (b · c), with some product.

    Args:
        multiply: the product.
        first, second: names of b and c.
    """

    def formula(call: Call) -> torch.Tensor:
        a, b, c = (call.get(i, name) for i, name in enumerate(("input", first, second)))
        dtype = torch.result_type(a, b)
        more = call.kwargs.get("value", call.kwargs.get("alpha", 1))
        product = multiply(b.to(dtype), c)
        return _scaled(a.to(dtype), call.kwargs.get("beta", 1)) + _scaled(product, more)

    return written_out(formula)


def _scaled(x: torch.Tensor, factor: Any) -> torch.Tensor:
    return x if factor == 1 else x * factor


def between(call: Call) -> torch.Tensor:
    """a + w (b − a), linear interpolation."""
    a, b, weight = (call.get(i, name) for i, name in enumerate(("input", "end", "weight")))
    return a + (b - a) * weight


def filled(call: Call) -> torch.Tensor:
    """A number in the places of a mask."""
    x, mask, value = (call.get(i, name) for i, name in enumerate(("input", "mask", "value")))
    return torch.where(mask, value, x)


def attention(tape: Tape, call: Call) -> Any:
    """softmax(Q Kᵀ/√d + mask) V with its weights held fixed."""
    query, key, value = (call.get(i, name) for i, name in enumerate(("query", "key", "value")))
    mask, dropped = call.get(3, "attn_mask"), call.get(4, "dropout_p", 0.0)
    if dropped:
        tape.refuse(call, "it drops values at random")
    causal, scale = call.get(5, "is_causal", False), call.get(6, "scale")
    with torch.no_grad():
        if call.get(7, "enable_gqa", False):
            key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
        scaled = query * (query.shape[-1] ** -0.5 if scale is None else scale)
        weights = scaled @ key.transpose(-2, -1)
        if causal:
            rows, columns = weights.shape[-2:]
            allowed = torch.ones(rows, columns, dtype=torch.bool, device=weights.device).tril()
            weights = weights.masked_fill(~allowed, -torch.inf)
        if mask is not None:
            closed = mask.dtype is torch.bool
            weights = weights.masked_fill(~mask, -torch.inf) if closed else weights + mask
        weights = weights.softmax(-1)
    if tape.kind(value) is not Kind.SIGNAL:
        # what is made of gates alone
        with torch.no_grad():
            return tape.gate(call(), call)
    if call.get(7, "enable_gqa", False):
        value = value.repeat_interleave(query.shape[-3] // value.shape[-3], -3)
    return weights @ value


def multi_head_attention(tape: Tape, call: Call) -> Any:
    """Attention with its linear layers, as `torch.nn.MultiheadAttention` calls it.

    The tokens of an image stay together, (N, tokens, channels), unlike in torch, so that the biases have
    accounts for each image.
    """
    given = ATTENTION.bind(*call.args, **call.kwargs)
    given.apply_defaults()
    arguments = given.arguments
    for name in UNCOMMON:
        if arguments[name] is not None and arguments[name] is not False:
            tape.refuse(call, f"it is given {name}")
    if arguments["training"] and arguments["dropout_p"]:
        tape.refuse(call, "it drops values at random")
    heads = arguments["num_heads"]
    biases = (
        (None,) * 3 if arguments["in_proj_bias"] is None else arguments["in_proj_bias"].chunk(3)
    )
    if arguments["use_separate_proj_weight"]:
        layers = tuple(arguments[f"{name}_proj_weight"] for name in "qkv")
    else:
        layers = arguments["in_proj_weight"].chunk(3)
    batched = arguments["query"].ndim == 3
    with tape.again(call):
        q, k, v = (
            F.linear(tokens.transpose(0, 1) if batched else tokens[None], layer, bias)
            .unflatten(-1, (heads, -1))
            .transpose(1, 2)
            for tokens, layer, bias in zip(
                (arguments["query"], arguments["key"], arguments["value"]),
                layers,
                biases,
                strict=True,
            )
        )
        logits = q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)
        for mask in _masks(arguments["attn_mask"], arguments["key_padding_mask"], logits):
            logits = logits + mask
        weights = logits.softmax(-1)
        mixed = (weights @ v).transpose(1, 2).flatten(2)
        result = F.linear(mixed, arguments["out_proj_weight"], arguments["out_proj_bias"])
        if arguments["average_attn_weights"]:
            weights = weights.mean(1)
        result = result.transpose(0, 1) if batched else result[0]
        weights = weights if batched else weights[0]
    return result, weights if arguments["need_weights"] else None


def _masks(
    attention: torch.Tensor | None, padding: torch.Tensor | None, logits: torch.Tensor
) -> list[torch.Tensor]:
    """What is added to the logits (N, heads, L, S): −∞ where a mask of truth values is true."""
    masks = []
    if attention is not None:
        # (N · heads, L, S), or one for all
        masks.append(attention.reshape(-1, *logits.shape[1:]) if attention.ndim == 3 else attention)
    if padding is not None:
        masks.append(padding.reshape(-1, 1, 1, padding.shape[-1]))
    zero = logits.new_zeros(())
    return [
        torch.where(mask, -torch.inf, zero) if mask.dtype is torch.bool else mask for mask in masks
    ]


def lstm(tape: Tape, call: Call) -> Any:
    """Long short-term memory, step by step: its gates are held fixed, its candidates carry.

    With i, f, o the sigmoids of linear layers of input and state, and g the candidate, a tanh,

        c_t = f · c_{t−1} + i · g,    h_t = o · tanh(c_t)

    Arras et al., Explaining recurrent neural network predictions in sentiment analysis, WASSA 2017.
    """
    if len(call.args) != 9 or isinstance(call.args[2], torch.Tensor):
        tape.refuse(call, "its sequences are packed, or its arguments have names")
    x, state, weights, biased, layers, dropout, training, both, first = call.args
    number = 4 if biased else 2
    if training and dropout:
        tape.refuse(call, "it drops values at random")
    if len(weights) != number * layers * (1 + both):
        tape.refuse(call, "it projects its state")
    if any(tape.kind(value) is not Kind.CONSTANT or bool(value.any()) for value in state):
        tape.refuse(call, "it begins with a state of its own")
    hidden, cells = [], []
    with tape.again(call):
        x = x if first else x.transpose(0, 1)
        for layer in range(layers):
            outputs = []
            for direction in range(1 + both):
                start = number * (layer * (1 + both) + direction)
                output, last = _steps(x, weights[start : start + number], bool(direction))
                outputs.append(output)
                hidden.append(last[0])
                cells.append(last[1])
            x = torch.cat(outputs, -1)
        x = x if first else x.transpose(0, 1)
        return x, torch.stack(hidden), torch.stack(cells)


def _steps(
    x: torch.Tensor, weights: list[torch.Tensor], backwards: bool
) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
    """One direction of a layer: (N, T, channels) → (N, T, hidden), and its last state."""
    of_input, of_state, *biases = weights
    own, other = biases or (None, None)
    steps = list(F.linear(x, of_input, own).unbind(1))
    outputs: list[torch.Tensor] = []
    cell = x.new_zeros(())
    for step in reversed(steps) if backwards else steps:
        if outputs:
            step = step + F.linear(outputs[-1], of_state, other)
        elif other is not None:
            step = step + other
        i, f, g, o = step.chunk(4, -1)
        new = i.sigmoid() * g.tanh()
        cell = f.sigmoid() * cell + new if outputs else new
        outputs.append(o.sigmoid() * cell.tanh())
    last = outputs[-1], cell
    return torch.stack(outputs[::-1] if backwards else outputs, 1), last
