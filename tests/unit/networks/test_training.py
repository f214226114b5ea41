"""Training from scratch, and fine-tuning."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from scripts import finetune_model, train_model
from tests.support.explaining import CATALOGUE, DIGITS, IMAGENET, architecture_of, classifier
from thinkalike.errors import InputError
from thinkalike.images.sources import make_digits
from thinkalike.networks.catalogue import complete_entry
from thinkalike.networks.model import as_model, create
from thinkalike.networks.predict import logits
from thinkalike.networks.training import (
    Finetuning,
    Training,
    finetune,
    refuse_single_class,
    train,
)
from thinkalike.networks.weights import build, save
from thinkalike.randomness import integer_seed
from thinkalike.stores.tables import read_table, write_table
from thinkalike.stores.weights import read_header

VIT = architecture_of("vit")
CPU = torch.device("cpu")
SETTINGS = {
    "epochs": 2,
    "batch_size": 8,
    "optimizer": "adamw",
    "schedule": "cosine",
    "learning_rate": 0.003,
    "weight_decay": 0.0,
    "warmup_epochs": 0,
    "shift": 0,
    "mirror": False,
    "crop": 1,
}


def data(count: int = 16):
    """Two classes that cannot be mistaken: red and blue."""
    images = np.zeros((count, 64, 64, 3), np.uint8)
    labels = np.arange(count) % 2
    images[labels == 0, :, :, 0] = 255
    images[labels == 1, :, :, 2] = 255
    return images, labels


def trained(seed: int = 1, **changes: object):
    images, labels = data()
    settings = Training(**{**SETTINGS, **changes})
    model = train(
        VIT, images, labels, classes="ab", size=64, settings=settings, seed=seed, device=CPU
    )
    return model.network


def weights(network) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in network.parameters()])


def test_the_same_seed_gives_the_same_weights_and_another_gives_others():
    first = weights(trained())
    torch.rand(5)  # whatever was drawn before does not matter
    assert np.array_equal(first, weights(trained()))
    assert not np.array_equal(first, weights(trained(seed=2)))


def test_no_epochs_leave_the_random_weights():
    torch.manual_seed(integer_seed(1, "weights"))
    untouched = create(VIT, classes=2, size=64)
    assert np.array_equal(weights(trained(epochs=0)), weights(untouched))


def test_two_classes_are_learned():
    images, labels = data()
    network = trained(epochs=15, optimizer="muon", learning_rate=0.01)
    model = as_model(network, VIT, classes="ab", size=64)
    with torch.inference_mode():
        predicted = network(model.normalise(images)).argmax(1).numpy()
    assert (predicted == labels).all()
    assert not network.training


def test_an_optimiser_that_timm_does_not_know():
    with pytest.raises(InputError, match=r"optimizer: .*'adamww'; did you mean 'adamw"):
        trained(optimizer="adamww")


def test_one_class_leaves_nothing_to_learn():
    images, labels = data(4)
    settings = Training(**SETTINGS)
    words = "classes: all images are of cat, so that there is nothing to learn; add another class"
    with pytest.raises(InputError, match=words):
        train(
            VIT, images, 0 * labels, classes=["cat"], size=64, settings=settings, seed=1, device=CPU
        )
    with pytest.raises(InputError, match=words):
        refuse_single_class(["cat"])
    refuse_single_class(["cat", "dog"])


# ---- fine-tuning --------------------------------------------------------------------------------

TUNING = {
    "frozen_epochs": 1,
    "epochs": 1,
    "batch_size": 2,
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "layer_decay": 0.9,
    "weight_decay": 0.0,
    "mirror": True,
    "crop": 0.35,
}


def tuned(model, seed: int = 1, count: int = 4, **changes: object):
    images, labels = data(count)
    settings = Finetuning(**{**TUNING, **changes})
    return finetune(model, images, labels, classes="ab", settings=settings, seed=seed).network


def state(network) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in network.state_dict().items()}


def changed(before: dict, after: dict) -> set[str]:
    return {
        key
        for key in before
        if before[key].shape != after[key].shape or not torch.equal(before[key], after[key])
    }


def head_of(network) -> set[str]:
    head = network.get_classifier()
    name = next(name for name, module in network.named_modules() if module is head)
    return {f"{name}.{key}" for key in head.state_dict()}


@pytest.mark.parametrize("key", ["resnet", "vit_relpos"])
def test_while_the_body_is_frozen_the_head_alone_changes(key):
    model = classifier(key)
    before = state(model.network)
    network = tuned(model, frozen_epochs=2, epochs=0)
    # running statistics of batch normalisation too
    assert changed(before, state(network)) == head_of(network)
    random = tuned(model, frozen_epochs=0, epochs=0)
    assert changed(state(random), state(network)) == head_of(network)
    assert changed(before, state(model.network)) == set(), "the model that was given changed"


def test_the_head_learns_from_the_features_of_prediction():
    """Batch normalisation and dropout would give it others in training mode."""
    model = classifier("resnet")
    modes = []
    norm = next(m for m in model.network.modules() if isinstance(m, torch.nn.BatchNorm2d))
    norm.register_forward_hook(lambda module, *_: modes.append(module.training))
    tuned(model, frozen_epochs=1, epochs=1)
    assert modes == [False, False, True, True]


def test_earlier_layers_learn_slower():
    model = classifier("vit")
    settings = {"frozen_epochs": 0, "batch_size": 4, "layer_decay": 0.5}
    before = state(tuned(model, **{**settings, "epochs": 0}))
    after = state(tuned(model, **settings))
    # the first step of Adam moves every parameter by the learning rate: a twentieth, to warm up
    steps = {key: (after[key] - before[key]).abs().max().item() for key in before}
    for layer, of in (("head.weight", 7), ("blocks.5.mlp.fc2.weight", 6), ("patch_embed.proj", 0)):
        step = max(value for key, value in steps.items() if key.startswith(layer))
        assert step == pytest.approx(0.01 / 20 * 0.5 ** (7 - of), rel=0.02), layer


@pytest.mark.parametrize(
    ("key", "size"),
    [
        *((key, 64) for key in [*IMAGENET, *DIGITS] if "like" not in CATALOGUE[key]),
        # those that the experiment log could not fine-tune, at their own size
        ("mobilenetv3", 224),
        ("swin_t", 224),
    ],
)
def test_every_architecture_learns_other_classes(key, size):
    model = classifier(key, size)
    before = state(model.network)
    images = np.repeat(np.repeat(data(4)[0], 4, 1), 4, 2)[:, : size + 8, : size + 8]
    labels, settings = np.array([0, 1, 2, 0]), Finetuning(**TUNING)
    network = finetune(model, images, labels, classes="abc", settings=settings, seed=1).network
    assert not network.training
    with torch.inference_mode():
        outputs = network(model.normalise(images[:, :size, :size]))
    assert outputs.shape == (4, 3)
    assert torch.isfinite(outputs).all()
    moved = changed(before, state(network))
    assert head_of(network) <= moved
    first = next(name for name, _ in network.named_parameters() if name.endswith("weight"))
    assert first in moved


def test_digits_that_were_not_learned_are_learned_by_fine_tuning():
    digits = load_digits()
    grey = np.round(digits.images * (255 / 16)).astype(np.uint8)
    grey = np.repeat(np.repeat(grey, 4, 1), 4, 2)
    images = np.repeat(grey[..., None], 3, -1)
    low, high = digits.target < 5, digits.target >= 5
    learning = Training(**{**SETTINGS, "epochs": 2, "batch_size": 32, "shift": 2})
    model = train(
        architecture_of("resnet"),
        images[low],
        digits.target[low],
        classes="01234",
        size=images.shape[1],
        settings=learning,
        seed=0,
        device=CPU,
    )
    tuning = {**TUNING, "batch_size": 32, "crop": 0.8, "frozen_epochs": 2, "epochs": 3}
    seen = np.flatnonzero(high)[:600]
    unseen = np.flatnonzero(high)[600:]
    tuned_model = finetune(
        model,
        images[seen],
        digits.target[seen] - 5,
        classes="56789",
        settings=Finetuning(**tuning),
        seed=0,
    )
    right = logits(tuned_model, images[unseen]).argmax(1) == digits.target[unseen] - 5
    assert right.mean() > 0.7  # chance: 0.2


def test_fine_tuning_with_an_optimiser_that_timm_does_not_know():
    with pytest.raises(InputError, match=r"optimizer: .*'sgdd'; did you mean 'sgd"):
        tuned(classifier("vit"), optimizer="sgdd")


# ---- the scripts --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits_manifest(tmp_path_factory):
    """Of each digit, 16 images to learn from and 16 held out."""
    folder = tmp_path_factory.mktemp("digits")
    images = make_digits(folder, validation=0.28, seed=0)
    path = folder / "manifest.parquet"
    write_table(images.groupby(["split", "label"]).head(16), path)
    return path


def architecture(key: str) -> dict:
    entry = complete_entry(key, CATALOGUE)
    return {"name": key, "timm": entry["timm"], "arguments": entry.get("arguments", {})}


def initial(folder, **header: object):
    model = replace(classifier("resnet", size=32), classes=tuple("abcde"), mean=(0.1, 0.2, 0.3))
    path = folder / "initial.safetensors"
    save(model, path, {"crop_pct": 0.9, "source": "elsewhere", **header})
    return path


def run_finetune(manifest, folder, name: str = "tuned", seed: int = 0, **changes: object):
    path = folder / f"{name}.safetensors"
    settings = {**TUNING, "batch_size": 16, **changes}
    finetune_model.main(
        str(manifest),
        str(initial(folder)),
        str(path),
        architecture=architecture("resnet"),
        settings=settings,
        size=32,
        seed=seed,
        code="abc",
        device=CPU,
    )
    return path


def test_fine_tuned_weights_say_what_they_are_and_give_the_accuracy_they_say(
    digits_manifest, tmp_path
):
    path = run_finetune(digits_manifest, tmp_path, epochs=2)
    header = read_header(path)
    assert header["classes"] == list("0123456789")
    assert header["size"] == 32
    assert header["mean"] == [0.1, 0.2, 0.3]
    assert header["source"] == "elsewhere"
    assert header["finetuning"]["crop"] == 0.35
    assert header["images"] == 160
    # it learned on whole images
    assert "crop_pct" not in header
    model = build(architecture_of("resnet"), path, CPU)
    assert model.mean == (0.1, 0.2, 0.3)
    right = []
    for path in sorted(digits_manifest.parent.glob("val/*/*.png")):
        if f"val/{path.parent.name}/{path.name}" in set(read_table(digits_manifest)["path"]):
            rgb = np.array(Image.open(path).convert("RGB").resize((32, 32), Image.BILINEAR))
            predicted = logits(model, rgb[None]).argmax()
            right.append(header["classes"][predicted] == path.parent.name)
    assert header["accuracy"] == np.mean(right)
    assert len(right) == 160


def test_fine_tuning_again_gives_the_same_bytes_and_another_seed_gives_others(
    digits_manifest, tmp_path
):
    first = run_finetune(digits_manifest, tmp_path, epochs=2).read_bytes()
    torch.rand(3)  # whatever was drawn before does not matter
    assert run_finetune(digits_manifest, tmp_path, "again", epochs=2).read_bytes() == first
    assert run_finetune(digits_manifest, tmp_path, "other", 1, epochs=2).read_bytes() != first


def test_a_trained_model_says_its_accuracy_on_val(digits_manifest, tmp_path):
    path = tmp_path / "trained.safetensors"
    settings = {**SETTINGS, "epochs": 1, "optimizer": "muon"}
    settings["split"] = "train"
    train_model.main(
        str(digits_manifest),
        str(path),
        architecture=architecture("resnet"),
        settings=settings,
        size=32,
        seed=0,
        code="abc",
        device=CPU,
    )
    header = read_header(path)
    assert (header["images"], header["classes"]) == (160, list("0123456789"))
