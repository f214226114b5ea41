"""timm without torch's compiler: lighter, and nothing is different."""

import subprocess
import sys

PROGRAM = """
import sys
import thinkalike.networks.model
assert "torch._dynamo" not in sys.modules, "the compiler was imported"
import timm, torch
model = timm.create_model("test_vit", img_size=64, num_classes=3).eval()
with torch.inference_mode():
    model(torch.zeros(1, 3, 64, 64))
assert "torch._dynamo" not in sys.modules, "the compiler was imported by a forward pass"
import torch._dynamo
assert torch._dynamo.config.cache_size_limit > 0, "the real compiler is gone"
assert torch.compiler.disable(len)("abc") == 3
"""

UNKNOWN = """
import sys
from thinkalike.networks.compiler import compiler_deferred
import torch
with compiler_deferred():
    import torch._dynamo
    assert torch._dynamo.disable(len)("ab") == 2
    assert torch._dynamo.disable(recursive=False)(len)("ab") == 2
    assert torch._dynamo.config.cache_size_limit > 0  # the real one has it
assert sys.modules["torch._dynamo"].__file__
"""


def run(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_models_are_built_without_the_compiler_and_it_is_there_when_needed():
    run(PROGRAM)


def test_anything_that_the_stand_in_does_not_have_comes_from_the_real_module():
    run(UNKNOWN)
