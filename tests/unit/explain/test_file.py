"""A method from a file of the user's: what it may return, what it is given, and what is refused."""

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explaining import classifier, images, linear, quarters, question, traces
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.errors import ImageError, InputError
from thinkalike.explain.cases import explained
from thinkalike.explain.common import Case
from thinkalike.explain.file import explain
from thinkalike.user_code import content_of

GRADIENT = """
    import torch


    def explain(model, images, targets, question, *, power=1):
        inputs = model.normalise(images).requires_grad_()
        scores = model.network(inputs)
        scores[range(len(images)), targets].sum().backward()
        return inputs.grad.sum(1) ** power
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mine.py"
    path.write_text(dedent(text))
    return str(path)


def returning(folder: Path, expression: str) -> str:
    """File of a method that returns an expression of its arguments."""
    return written(
        folder,
        f"""
        import numpy as np
        import torch
        from thinkalike.compare.bases import Grid, Pixels
        from thinkalike.compare.maps import Maps
        from thinkalike.explain.common import Explanation


        def explain(model, images, targets, question):
            n, size = images.shape[:2]
            return {expression}
        """,
    )


def test_a_gradient_of_the_user_s_is_the_gradient(tmp_path):
    model, targets = linear(16), np.array([1, 0, 3])
    file = written(tmp_path, GRADIENT)
    found = explain(model, images(3, 16), targets, question(), file=file)
    weights = model.network.weight.numpy()[targets].sum(1)
    np.testing.assert_allclose(found.maps.coefficients, weights.reshape(3, -1), rtol=1e-5)
    assert found.maps.bases == (Pixels(16, 16),)
    np.testing.assert_array_equal(found.targets, targets)
    squared = explain(model, images(3, 16), targets, question(), file=file, arguments={"power": 2})
    np.testing.assert_allclose(squared.maps.coefficients, weights.reshape(3, -1) ** 2, rtol=1e-5)


def test_without_targets_it_is_given_the_predictions(tmp_path):
    model, pixels = classifier("resnet"), images(3)
    with torch.inference_mode():
        logits = model.network(model.normalise(pixels)).numpy()
    file = returning(tmp_path, "np.ones((n, 1, 1)) * targets[:, None, None]")
    for known in (None, logits):
        found = explain(model, pixels, None, question(logits=known), file=file, basis="grid")
        np.testing.assert_array_equal(found.maps.coefficients[:, 0], logits.argmax(1))


@pytest.mark.parametrize(
    ("basis", "expression", "kind", "size"),
    [
        ("pixels", "np.zeros((n, size, size))", Pixels, 256),
        ("pixels", "torch.ones(n, size, size, requires_grad=True)", Pixels, 256),
        ("pixels", "images[..., 0]", Pixels, 256),
        ("grid", "np.arange(n * 6.0).reshape(n, 2, 3)", Grid, 6),
        ("grid", "np.zeros((n, size, size))", Grid, 256),
        ("segments", "np.ones((n, 4))", Segments, 4),
        ("pixels", "Maps(np.zeros((n, 4)), (Grid(2, 2, size, size),))", Grid, 4),
        (
            "pixels",
            "Explanation(Maps(np.zeros((n, 4)), (Grid(2, 2, size, size),)), targets, {'a': targets})",
            Grid,
            4,
        ),
    ],
)
def test_an_answer_may_be_an_array_in_a_basis_or_maps(tmp_path, basis, expression, kind, size):
    file = returning(tmp_path, expression)
    about = question(segments=quarters(2, 16))
    found = explain(linear(16), images(2, 16), np.array([0, 1]), about, file=file, basis=basis)
    assert isinstance(found.maps.bases[0], kind)
    assert found.maps.row(0).shape == (size,)
    assert found.maps.coefficients.dtype.kind == "f"


@pytest.mark.parametrize(
    ("basis", "expression", "said"),
    [
        (
            "pixels",
            "np.zeros((n, 8, 8))",
            "gave (2, 8, 8), for 2 images of 16 x 16 pixels; return (N, h",
        ),
        ("pixels", "np.zeros((n, 3, size, size))", "gave (2, 3, 16, 16)"),
        ("pixels", "np.zeros((n - 1, size, size))", "gave (1, 16, 16)"),
        ("grid", "np.zeros((n, 4))", "return (N, rows, columns)"),
        ("grid", "np.zeros((n, 0, 4))", "return (N, rows, columns)"),
        ("segments", "np.zeros((n, 5))", "gave (2, 5)"),
        ("pixels", "None", "gave a NoneType; return an Explanation, Maps, or numbers"),
        ("pixels", "'map'", "gave a str; return"),
        ("pixels", "[[1], [2, 3]]", "gave a list; return"),
        ("pixels", "Maps(np.zeros((n, 4)), (Grid(2, 2, 8, 8),))", "gave 2 maps of 8 x 8 pixels"),
        ("pixels", "Maps(np.zeros((1, 4)), (Grid(2, 2, size, size),))", "gave 1 maps of 16 x 16"),
    ],
)
def test_an_answer_of_another_shape_is_refused(tmp_path, basis, expression, said):
    file, about = returning(tmp_path, expression), question(segments=quarters(2, 16))
    with pytest.raises(InputError) as error:
        explain(linear(16), images(2, 16), np.array([0, 1]), about, file=file, basis=basis)
    assert said in str(error.value)


def test_an_image_whose_map_is_not_finite_is_named(tmp_path):
    file = returning(tmp_path, "np.where(np.arange(n) == 1, np.nan, 1.0)[:, None, None]")
    model, pixels, targets = linear(16), images(3, 16), np.zeros(3, int)
    with pytest.raises(ImageError, match="a map of image number 1 that is not finite"):
        explain(model, pixels, targets, question(), file=file, basis="grid")
    case = Case(model, ["a", "b", "c"], pixels, targets, question())
    with pytest.raises(InputError, match="a map of b that is not finite"):
        explained(case, "file", {"file": file, "basis": "grid"})


def test_what_it_leaves_in_the_network_is_removed(tmp_path):
    file = written(
        tmp_path,
        """
        import numpy as np


        def explain(model, images, targets, question, fails=False):
            for module in model.network.modules():
                module.register_forward_hook(lambda m, i, o: o * 0)
                module.kept = 3
            model.network.train()
            if fails:
                raise KeyError("mine")
            return np.zeros(images.shape[:3])
        """,
    )
    model, pixels = classifier("resnet"), images(1)
    inputs = model.normalise(pixels)
    with torch.inference_mode():
        before = model.network(inputs)
    for fails in (False, True):
        try:
            explain(model, pixels, np.array([0]), question(), file=file, arguments={"fails": fails})
        except KeyError:
            assert fails, "the user's own error is shown as it is"
        assert traces(model.network) == []
        assert not any(hasattr(module, "kept") for module in model.network.modules())
        assert not any(module.training for module in model.network.modules())
        with torch.inference_mode():
            assert torch.equal(model.network(inputs), before)


def test_it_is_called_as_the_other_methods_are(tmp_path):
    file = written(
        tmp_path,
        """
        import numpy as np
        import torch


        def explain(model, images, targets, question, **arguments):
            assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
            assert not any(p.requires_grad for p in model.network.parameters())
            assert question.output == "probability" and images.dtype == np.uint8
            assert arguments == {"anything": [1, 2]}
            return np.zeros(images.shape[:3])
        """,
    )
    model = linear(16)
    nn.Module.requires_grad_(model.network, True)
    given = {"file": file, "arguments": {"anything": [1, 2]}}
    with torch.inference_mode():
        explain(model, images(2, 16), np.array([0, 1]), question(output="probability"), **given)
    assert all(p.requires_grad for p in model.network.parameters())


def test_what_cannot_be_asked_is_a_sentence(tmp_path):
    file, model, pixels = written(tmp_path, GRADIENT), linear(16), images(1, 16)
    one = np.array([0])
    with pytest.raises(InputError, match=r"'pow'; did you mean 'power'\?"):
        explain(model, pixels, one, question(), file=file, arguments={"pow": 2})
    with pytest.raises(InputError, match="basis: 'cells' is none of pixels, grid, segments"):
        explain(model, pixels, one, question(), file=file, basis="cells")
    with pytest.raises(InputError, match="segments needs a question with `segments`"):
        explain(model, pixels, one, question(), file=file, basis="segments")
    with pytest.raises(InputError, match="not among the 4 outputs"):
        explain(model, pixels, np.array([4]), question(), file=file)
    planned = content_of(file)
    Path(file).write_text("")
    with pytest.raises(InputError, match="has changed since this job was planned"):
        explain(model, pixels, one, question(), file=file, content=planned)
