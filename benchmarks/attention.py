"""AttnLRP's rules of attention: relevance reaches queries and keys through the softmax.

Achtibat et al., AttnLRP: attention-aware layer-wise relevance propagation for transformers, ICML 2024.
"""

from dataclasses import replace
from typing import Any

import torch

from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.table import TABLE
from thinkalike.explain.relevance.tape import Tape

SOFTMAX = frozenset({torch.softmax, torch.Tensor.softmax, torch.nn.functional.softmax})


def softmax(tape: Tape, call: Call) -> Any:
    """s(x) at its first-order expansion, J x + (s − J x): the constant has an account."""
    x, result = call.get(0, "input"), tape.with_gates_fixed(call)()
    dim = call.get(1, "dim")
    given, s = x.detach(), result.detach()
    # what a mask has closed, with −∞, has no share
    weighted = torch.where(s == 0, 0, s * given)
    tape.ledger.watch(tape.module, result, s - weighted + s * weighted.sum(dim, keepdim=True))
    return result


def attention(tape: Tape, call: Call) -> Any:
    """softmax(Q Kᵀ/√d + mask) V, written out, so that each of its products and its softmax has its rule."""
    query, key, value = (call.get(i, name) for i, name in enumerate(("query", "key", "value")))
    mask, scale = call.get(3, "attn_mask"), call.get(6, "scale")
    if call.get(5, "is_causal", False) or call.get(7, "enable_gqa", False):
        tape.refuse(call, "it is causal or shares keys")
    with tape.again(call):
        logits = query * (query.shape[-1] ** -0.5 if scale is None else scale)
        logits = logits @ key.transpose(-2, -1)
        if mask is not None:
            logits = logits + mask
        return logits.softmax(-1) @ value


ATTENDED = replace(
    TABLE,
    rules={
        **TABLE.rules,
        **dict.fromkeys(SOFTMAX, softmax),
        torch.nn.functional.scaled_dot_product_attention: attention,
    },
    gates=TABLE.gates - SOFTMAX,
)
"""The table of operations with these rules: products of two values have halves, as the softmax is one."""
