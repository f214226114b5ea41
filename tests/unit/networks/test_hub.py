"""Pretrained weights: from a small hub on the loopback, from a folder, or random ones instead."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from scripts import download_weights, initialise_weights
from tests.support import hub_server
from tests.support.disks import small_disk
from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.networks.config_files import checked_preprocessing
from thinkalike.networks.hub import fetch
from thinkalike.networks.model import Model
from thinkalike.networks.predict import predict_files
from thinkalike.networks.pretrained import pretrained
from thinkalike.networks.weights import build
from thinkalike.networks.wrapping import with_checkpoint
from thinkalike.notebook.models import load_model
from thinkalike.stores.weights import read_header

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = built_in_catalogue()
IMAGENET = [key for key in CATALOGUE if complete_entry(key, CATALOGUE)["timm"].endswith("in1k")]
CPU = torch.device("cpu")
RESNET, VIT = "test_resnet.r160_in1k", "test_vit.r160_in1k"
OFFLINE = {"HF_HUB_OFFLINE": "1"}
MOBILENET = "mobilenetv3_large_100.ra_in1k"

SCRIPT = """
    import json, runpy, sys, time
    from types import SimpleNamespace
    from snakemake.iocontainers import Namedlist

    time.sleep = lambda seconds: None  # between attempts
    job = json.loads(sys.argv[1])
    params = {"architecture": job["architecture"], "folder": "", "code": "c0de"}
    snakemake = SimpleNamespace(
        rule="download_weights",
        input=Namedlist(),
        output=Namedlist(fromdict={"weights": job["weights"]}),
        params=Namedlist(fromdict=params),
        wildcards={},
        threads=1,
        log=Namedlist([job["log"]]),
    )
    runpy.run_path("scripts/download_weights.py", {"snakemake": snakemake}, "__main__")
"""
FETCH = """
    import sys, time

    time.sleep = lambda seconds: None  # between attempts
    from thinkalike.errors import InputError
    from thinkalike.networks.hub import fetch

    try:
        print(fetch(sys.argv[1], "timm/" + sys.argv[1]).source)
    except InputError as error:
        print(error)
"""
BUILD = """
    import socket, sys

    def refuse(*_):
        raise AssertionError("the network was asked")

    socket.socket.connect = socket.getaddrinfo = refuse
    import numpy as np, torch
    from thinkalike.networks.architecture import Architecture
    from thinkalike.networks.weights import build

    name, weights, images, logits = sys.argv[1:]
    model = build(Architecture("X", name), weights, torch.device("cpu"), 160)
    with torch.inference_mode():
        np.save(logits, model.network(model.normalise(np.load(images))).numpy())
"""


LOAD = """
    import sys
    import numpy as np
    import thinkalike as ta

    model = ta.load(sys.argv[1], pretrained=True, size=64)
    assert (model.name, model.size, len(model.classes)) == (sys.argv[1], 64, 1000)
    assert model.architecture.layers["depth_100"]
    np.save(sys.argv[2], model.network.state_dict()["fc.weight"].numpy())
"""


def entry_of(name: str) -> dict:
    return {"name": "X", "timm": name, "arguments": {}}


def built(entry: dict, weights: Path, size: int | None = None) -> Model:
    return build(Architecture.of(entry), weights, CPU, size)


def network_of(name: str, **arguments: object) -> torch.nn.Module:
    torch.manual_seed(7)
    return timm.create_model(name, **arguments).eval()


def put(folder: Path, name: str, *, config: str | None = None) -> torch.nn.Module:
    """model.safetensors and config.json of a random network, as timm writes them."""
    network = network_of(name)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {k: v.contiguous() for k, v in network.state_dict().items()}, folder / "model.safetensors"
    )
    architecture, _, tag = (config or name).partition(".")
    content = {"architecture": architecture, "num_classes": 1000, "pretrained_cfg": {"tag": tag}}
    (folder / "config.json").write_text(json.dumps(content))
    return network


def files_of(folder: Path, name: str) -> dict[str, bytes]:
    return {f"timm/{name}/{file.name}": file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> dict[str, dict[str, bytes]]:
    """Name of timm → the files of its repository."""
    folder = tmp_path_factory.mktemp("served")
    files = {}
    for name in (RESNET, VIT, MOBILENET):
        put(folder / name, name)
        files[name] = files_of(folder / name, name)
        # a pickle, which nobody may ask for
        files[name][f"timm/{name}/pytorch_model.bin"] = b"\x80\x04N."
    return files


def python(code: str, *arguments: object, home: Path, hub: str, **more: str):
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
        "HF_HOME": str(home),
        "HF_ENDPOINT": hub,
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        **more,
    }
    return subprocess.run(
        [sys.executable, "-c", dedent(code), *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def downloaded(hub: hub_server.Hub, name: str, folder: Path) -> tuple[Path, str]:
    """Run the script as a job of the workflow, with the hub switched off: its file, and its log."""
    job = {
        "weights": str(folder / "x.safetensors"),
        "log": str(folder / "job.log"),
        "architecture": entry_of(name),
    }
    done = python(SCRIPT, json.dumps(job), home=folder, hub=hub.address, **OFFLINE)
    told = (folder / "job.log").read_text() if (folder / "job.log").exists() else done.stderr
    assert done.returncode == (0 if Path(job["weights"]).exists() else 1), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return Path(job["weights"]), told


def fetched(address: str, name: str, home: Path, **more: str) -> str:
    """The source of what was fetched, or what went wrong."""
    done = python(FETCH, name, home=home, hub=address, **more)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def blobs(home: Path) -> list[str]:
    """Large files in the hub's cache, whole or not."""
    return [f.name for f in home.glob("hub/models--*/blobs/*") if f.stat().st_size > 1000]


def test_a_job_downloads_weights_that_give_the_logits_of_the_network_served(served, tmp_path):
    with hub_server.serving(hub_server.Hub(served[RESNET])) as hub:
        weights, _ = downloaded(hub, RESNET, tmp_path)
    asked = {path.rsplit("/", 1)[1] for _, path, _ in hub.served if "/resolve/" in path}
    assert asked == {"config.json", "model.safetensors"}
    images = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    done = python(
        BUILD,
        *(RESNET, weights, tmp_path / "images.npy", tmp_path / "logits.npy"),
        home=tmp_path / "empty",
        hub="",
        **OFFLINE,
    )
    assert not done.returncode, done.stderr
    network = network_of(RESNET)
    configuration = timm.data.resolve_model_data_config(network)
    mean, std = (torch.tensor(configuration[key]) for key in ("mean", "std"))
    with torch.inference_mode():
        expected = network(((torch.from_numpy(images) / 255 - mean) / std).permute(0, 3, 1, 2))
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), expected, atol=1e-5)
    header = read_header(weights)
    assert header["source"] == f"hub:timm/{RESNET}@{hub_server.COMMIT}"
    assert header["code"] == "c0de"


def test_a_notebook_loads_pretrained_weights_by_name(served, tmp_path):
    with hub_server.serving(hub_server.Hub(served[RESNET])) as hub:
        file = tmp_path / "weight.npy"
        done = python(LOAD, "test_resnet", file, home=tmp_path / "home", hub=hub.address)
    assert not done.returncode, done.stderr
    np.testing.assert_array_equal(np.load(file), network_of(RESNET).state_dict()["fc.weight"])


def test_a_connection_that_is_cut_is_taken_up_where_it_was(served, tmp_path):
    name = f"timm/{MOBILENET}/model.safetensors"
    with hub_server.serving(hub_server.Hub(served[MOBILENET], trouble=[12_000_000])) as hub:
        weights, _ = downloaded(hub, MOBILENET, tmp_path)
    ranges = [
        part for method, path, part in hub.served if (method, path) == ("GET", f"/stored/{name}")
    ]
    assert ranges[0] == ""
    assert len(ranges) == 2
    assert 0 < int(ranges[1].removeprefix("bytes=").removesuffix("-")) <= 12_000_000
    for key, tensor in network_of(MOBILENET).state_dict().items():
        assert torch.equal(load_file(weights)[key], tensor), key


@pytest.mark.parametrize("trouble", [["reset", "500"], ["502", "503", "500"]])
def test_what_the_hub_s_library_gives_up_on_is_tried_again(served, tmp_path, trouble):
    with hub_server.serving(hub_server.Hub(served[RESNET], trouble=list(trouble))) as hub:
        assert fetched(hub.address, RESNET, tmp_path) == f"hub:timm/{RESNET}@{hub_server.COMMIT}"
    assert hub.trouble == []


def test_a_server_that_keeps_failing_is_left_with_a_sentence_and_no_half_file(served, tmp_path):
    with hub_server.serving(hub_server.Hub(served[RESNET], trouble=["500"] * 9)) as hub:
        told = fetched(hub.address, RESNET, tmp_path)
    assert f"model.safetensors of timm/{RESNET} could not be fetched from {hub.address}" in told
    assert "the server answers 500; run again later, set HF_ENDPOINT to a mirror, or copy" in told
    assert blobs(tmp_path) == []


AWAY = """
    from thinkalike.images import web

    # as if the hub were far away: its own host counts by its name
    own = web.is_private
    web.is_private = lambda host: host != "127.0.0.1" and own(host)
"""


@pytest.mark.parametrize(
    ("away", "why"),
    [
        ("file://localhost/etc/passwd", "which is not http or https"),
        ("ftp://localhost/weights", "which is not http or https"),
        ("http://localhost:9/weights", "which is an address of this machine or its network"),
        ("http://169.254.169.254/latest", "which is an address of this machine or its network"),
    ],
)
def test_a_hub_is_not_followed_to_another_scheme_or_into_one_s_network(served, tmp_path, away, why):
    with hub_server.serving(hub_server.Hub(served[RESNET], away=away)) as hub:
        code = dedent(AWAY) + dedent(FETCH)
        done = python(code, RESNET, home=tmp_path, hub=hub.address)
    assert not done.returncode, done.stderr
    told = done.stdout.strip()
    assert told.startswith(
        f"{hub.address} leads to {away}, {why}; set HF_ENDPOINT to another mirror,"
    )
    assert blobs(tmp_path) == []


def test_what_a_hub_says_is_cleaned_before_it_is_printed(served, tmp_path):
    evil = "\x1b]0;owned\x07\x9b1A"
    said = {"X-HF-Warning": f"a; {evil}", "X-Error-Message": evil}
    files = {name: content for name, content in served[RESNET].items() if name.endswith(".bin")}
    with hub_server.serving(hub_server.Hub(files, said=said)) as hub:
        done = python(FETCH, RESNET, home=tmp_path, hub=hub.address)
    assert not done.returncode, done.stderr
    assert r"\x1b]0;owned\x07" in done.stderr
    assert re.sub(r"[\n\t]", "", done.stdout + done.stderr).isprintable()


def test_a_transfer_of_weights_that_stalls_is_taken_up_again(served, tmp_path):
    slow = """
        from thinkalike.images import web

        web.TIMEOUT = 0.3
    """
    with hub_server.serving(hub_server.Hub(served[RESNET], trouble=["trickle"])) as hub:
        done = python(dedent(slow) + dedent(FETCH), RESNET, home=tmp_path, hub=hub.address)
    assert not done.returncode, done.stderr
    assert done.stdout.strip() == f"hub:timm/{RESNET}@{hub_server.COMMIT}"
    assert re.search(r"stalled: \d+ bytes in 0 s, under 1 kB/s", done.stderr)
    assert hub.trouble == []


def test_other_bytes_than_the_checksum_says_are_deleted(served, tmp_path):
    claimed = "ab" * 32
    checksums = {f"timm/{RESNET}/model.safetensors": claimed}
    with hub_server.serving(hub_server.Hub(served[RESNET], checksums=checksums)) as hub:
        weights, told = downloaded(hub, RESNET, tmp_path)
        assert not weights.exists()
        assert f"instead of {claimed[:12]}… and was deleted; run again" in told
        assert blobs(tmp_path) == []
        hub.checksums.clear()
        assert fetched(hub.address, RESNET, tmp_path).startswith("hub:")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_in_the_cache_that_has_rotted_is_found_out(served, tmp_path, links):
    more = {} if links else {"HF_HUB_DISABLE_SYMLINKS": "1"}
    with hub_server.serving(hub_server.Hub(served[RESNET])) as hub:
        assert fetched(hub.address, RESNET, tmp_path, **more).startswith("hub:")
        (cached,) = tmp_path.glob("hub/models--*/snapshots/*/model.safetensors")
        assert cached.is_symlink() == links
        with cached.open("r+b") as file:
            file.seek(5000)
            file.write(b"rot")
        assert "and was deleted" in fetched(hub.address, RESNET, tmp_path, **more)
        assert not cached.exists()
        assert fetched(hub.address, RESNET, tmp_path, **more).startswith("hub:")


def test_weights_that_do_not_fit_on_the_disk_are_not_begun(served, tmp_path):
    with (
        small_disk(tmp_path) as disk,
        hub_server.serving(hub_server.Hub(served[RESNET])) as hub,
    ):
        disk.fill(free=200_000)
        told = fetched(hub.address, RESNET, disk.folder / "home")
        assert f"model.safetensors of timm/{RESNET} could not be fetched" in told
        assert "Not enough free disk space" in told
        assert "make room there, or set HF_HOME to another folder" in told
        assert blobs(disk.folder / "home") == []
        (disk.folder / "filler").unlink()
        assert fetched(hub.address, RESNET, disk.folder / "home").startswith("hub:")


def test_what_is_in_the_cache_needs_no_network(served, tmp_path):
    with hub_server.serving(hub_server.Hub(served[RESNET])) as hub:
        first = fetched(hub.address, RESNET, tmp_path)
    assert fetched(hub.address, RESNET, tmp_path) == first


def test_without_a_server_the_sentence_says_what_to_do(tmp_path):
    told = fetched("http://127.0.0.1:9", RESNET, tmp_path)
    assert f"config.json of timm/{RESNET} could not be fetched from http://127.0.0.1:9" in told
    assert "refused" in told
    assert (
        "run it where there is a network, set HF_ENDPOINT to a mirror, or copy the weights" in told
    )


@pytest.mark.parametrize(
    ("kept", "gated", "sentence"),
    [
        ([], False, "there is no such repository, or it is private; correct `timm`"),
        (["config.json", "model.safetensors"], True, "accept them on its page and set HF_TOKEN"),
        (["config.json", "pytorch_model.bin"], False, "model.safetensors of .* does not have it"),
    ],
    ids=["no repository", "gated", "a pickle only"],
)
def test_what_the_hub_does_not_give(served, tmp_path, kept, gated, sentence):
    files = {
        name: content for name, content in served[RESNET].items() if name.split("/")[-1] in kept
    }
    gates = {f"timm/{RESNET}"} if gated else set()
    with hub_server.serving(hub_server.Hub(files, gated=gates)) as hub:
        told = fetched(hub.address, RESNET, tmp_path)
    assert re.search(sentence, told), told
    assert not any(path.endswith(".bin") for _, path, _ in hub.served)


def from_folder(folder: Path, name: str, weights: Path) -> dict:
    """Run the script on a folder: the header of its file."""
    download_weights.main(
        str(weights), architecture=entry_of(name), folder=str(folder), code="c0de"
    )
    return read_header(weights)


@pytest.mark.parametrize("layout", ["as the hub's client makes it", "without config", "one file"])
def test_weights_copied_by_hand(tmp_path, layout):
    network = put(tmp_path / "copied" / VIT, VIT)
    if layout != "as the hub's client makes it":
        (tmp_path / "copied" / VIT / "config.json").unlink()
    if layout == "one file":
        single = tmp_path / "copied" / f"{VIT}.safetensors"
        (tmp_path / "copied" / VIT / "model.safetensors").rename(single)
    header = from_folder(tmp_path / "copied", VIT, tmp_path / "x.safetensors")
    assert header["source"] == "folder"
    model = built(entry_of(VIT), tmp_path / "x.safetensors")
    for key, tensor in network.state_dict().items():
        assert torch.equal(model.network.state_dict()[key], tensor), key


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_weights_follow_the_umask(tmp_path, mask):
    put(tmp_path / RESNET, RESNET)
    before = os.umask(mask)
    try:
        from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.safetensors").stat().st_mode) == 0o666 & ~mask


def test_a_folder_without_the_weights_says_how_to_get_them(tmp_path):
    with pytest.raises(
        InputError, match=rf"hf download timm/{RESNET} config\.json model\.safetens"
    ):
        from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()


def test_the_header_says_how_the_weights_are_used(tmp_path):
    name = "resnet18d.ra2_in1k"
    put(tmp_path / name, name)
    header = from_folder(tmp_path, name, tmp_path / "x.safetensors")
    # of resnet18d: trained with 224, tested with 288 after a crop of 0.95
    assert (header["size"], header["crop_pct"], header["interpolation"]) == (288, 0.95, "bicubic")
    assert header["mean"] == [0.485, 0.456, 0.406]
    assert header["std"] == [0.229, 0.224, 0.225]
    assert len(header["classes"]) == len(header["class_names"]) == 1000
    assert header["classes"][217] == "n02102040"
    assert header["class_names"][217] == "English springer"
    assert header["class_names"][0] == "tench"
    model = built(entry_of(name), tmp_path / "x.safetensors", 224)
    assert (model.size, model.class_names[0]) == (224, "tench")


def test_vits_normalise_with_their_own_mean(tmp_path):
    initialise_weights.main(
        str(tmp_path / "x.safetensors"), architecture=entry_of(VIT), seed=0, code="c0de"
    )
    assert read_header(tmp_path / "x.safetensors")["mean"] == [0.5, 0.5, 0.5]


def test_weights_under_other_names_and_shapes_go_through_timm_s_own_filter(tmp_path):
    name = "resnet18d.ra2_in1k"
    network = network_of(name)
    # as data-parallel training leaves them
    tensors = {f"module.{key}": value for key, value in network.state_dict().items()}
    save_file(tensors, tmp_path / f"{name}.safetensors")
    from_folder(tmp_path, name, tmp_path / "x.safetensors")
    written = load_file(tmp_path / "x.safetensors")
    assert torch.equal(written["fc.weight"], network.fc.weight)


@pytest.mark.parametrize("claimed", ["test_vit.r160_in1k", "test_resnet.other_in1k"])
def test_the_config_of_other_weights_is_refused(tmp_path, claimed):
    put(tmp_path / RESNET, RESNET, config=claimed)
    with pytest.raises(InputError, match=f"are {claimed}, not {RESNET}; put the right files there"):
        from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"architecture": "a", "pretrained_cfg": 1}'])
def test_a_config_that_is_none(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"is no config\.json of a timm model"):
        checked_preprocessing(tmp_path / "config.json", architecture="a", tag="b")


def test_the_older_form_of_the_config_is_read(tmp_path):
    content = {"architecture": "a", "tag": "b", "num_features": 3, "mean": [0.5, 0.5, 0.5]}
    (tmp_path / "config.json").write_text(json.dumps(content))
    stated = checked_preprocessing(tmp_path / "config.json", architecture="a", tag="b")
    assert stated == {"mean": [0.5, 0.5, 0.5]}
    with pytest.raises(InputError, match=r"are a\.b, not a\.c"):
        checked_preprocessing(tmp_path / "config.json", architecture="a", tag="c")


STATED = [0.4, 0.4, 0.4]  # timm has 0.5 for these networks


def say(folder: Path, **preprocessing: object) -> None:
    """Let the config.json in a folder say something of images."""
    content = json.loads((folder / "config.json").read_text())
    content["pretrained_cfg"] |= preprocessing
    (folder / "config.json").write_text(json.dumps(content))


def probabilities_of(network: torch.nn.Module, images: np.ndarray, mean: float, std: float):
    inputs = torch.from_numpy((images / 255 - mean) / std).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        return network(inputs).softmax(1).numpy()


def test_images_are_normalised_as_the_config_beside_copied_weights_says(tmp_path):
    network = put(tmp_path / RESNET, RESNET)
    say(tmp_path / RESNET, mean=STATED, std=[0.25] * 3)
    header = from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")
    assert (header["mean"], header["std"]) == (STATED, [0.25] * 3)
    assert timm.get_pretrained_cfg(RESNET).mean != tuple(STATED)
    Image.new("RGB", (80, 60), (200, 30, 90)).save(tmp_path / "image.png")
    pixels = np.full((1, 160, 160, 3), (200, 30, 90), np.uint8)
    table = pd.DataFrame(
        {"image_id": ["a"], "path": [tmp_path / "image.png"], "class_name": ["n01440764"]}
    ).astype(str)
    found, _ = predict_files(built(entry_of(RESNET), tmp_path / "x.safetensors"), table)
    expected = probabilities_of(network, pixels, 0.4, 0.25)
    wrong = probabilities_of(network, pixels, 0.5, 0.5)
    np.testing.assert_allclose(found["probability"], expected.max(1), atol=1e-6)
    assert abs(expected.max() - wrong.max()) > 1e-5


def test_images_are_normalised_as_the_config_of_the_hub_says(served, tmp_path):
    put(tmp_path / RESNET, RESNET)
    say(tmp_path / RESNET, mean=STATED, std=STATED)
    with hub_server.serving(hub_server.Hub(files_of(tmp_path / RESNET, RESNET))) as hub:
        weights, told = downloaded(hub, RESNET, tmp_path)
        header = read_header(weights)
        assert (header["mean"], header["std"]) == (STATED, STATED)
        assert "config.json says of images: {'mean': [0.4, 0.4, 0.4], 'std': [0.4" in told
        code = LOAD.replace(
            "assert model.arch", "assert model.mean == (0.4,) * 3; assert model.arch"
        )
        done = python(code, RESNET, tmp_path / "w.npy", home=tmp_path / "home", hub=hub.address)
        assert not done.returncode, done.stderr


def test_the_catalogue_goes_before_the_config_and_the_config_before_timm(tmp_path):
    put(tmp_path / RESNET, RESNET)
    say(tmp_path / RESNET, mean=STATED, std=STATED)
    entry = {**entry_of(RESNET), "mean": [0.1, 0.2, 0.3], "std": [1, 2, 3]}
    path = str(tmp_path / "x.safetensors")
    download_weights.main(path, architecture=entry, folder=str(tmp_path), code="c0de")
    header = read_header(path)
    assert (header["mean"], header["std"]) == ([0.1, 0.2, 0.3], [1, 2, 3])
    say(tmp_path / RESNET, mean=None, std=None)
    header = from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")
    assert header["mean"] == list(timm.get_pretrained_cfg(RESNET).mean)


def test_size_crop_and_interpolation_are_those_of_the_config(tmp_path):
    name = "resnet18d.ra2_in1k"  # timm: 224, tested with 288 after a crop of 0.95, bicubic
    put(tmp_path / name, name)
    say(tmp_path / name, input_size=[3, 192, 192], crop_pct=0.8, interpolation="bilinear")
    header = from_folder(tmp_path, name, tmp_path / "x.safetensors")
    assert (header["size"], header["crop_pct"], header["interpolation"]) == (192, 0.8, "bilinear")
    say(tmp_path / name, test_input_size=[3, 256, 256], test_crop_pct=1.0)
    header = from_folder(tmp_path, name, tmp_path / "x.safetensors")
    assert (header["size"], header["crop_pct"]) == (256, 1.0)


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("mean", 0.5, "three numbers"),
        ("mean", [0.5, 0.5], "three numbers"),
        ("std", [0.5, 0, 0.5], "three numbers above 0"),
        ("input_size", 224, "three whole numbers above 0"),
        ("crop_pct", "0.9", "a number above 0"),
    ],
)
def test_a_config_that_says_no_normalisation_is_named(tmp_path, key, value, what):
    put(tmp_path / RESNET, RESNET)
    say(tmp_path / RESNET, **{key: value})
    sentence = f"config.json: {key} is {value!r}, not {what}; correct it"
    with pytest.raises(InputError, match=re.escape(sentence)):
        from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")


def test_a_config_beside_a_checkpoint_counts_if_it_is_of_the_same_network(tmp_path):
    put(tmp_path, RESNET)
    say(tmp_path, mean=STATED, std=[0.25] * 3, input_size=[3, 96, 96])
    path, imagenet = tmp_path / "model.safetensors", timm.get_pretrained_cfg(RESNET).mean
    classes = [str(number) for number in range(1000)]

    def imported(**entry: object) -> Model:
        architecture = Architecture.of({**entry_of("test_resnet"), **entry})
        return with_checkpoint(architecture, path, classes=classes, size=160)

    assert (imported().mean, imported().std) == (tuple(STATED), (0.25,) * 3)
    assert imported(timm=RESNET).mean == tuple(STATED)
    assert imported(mean=[0, 0, 0], std=[1, 1, 1]).mean == (0, 0, 0)
    loaded = load_model(
        "test_resnet",
        weights=path,
        pretrained=False,
        classes=classes,
        size=None,
        seed=0,
        device="cpu",
    )
    assert (loaded.mean, loaded.size) == (tuple(STATED), 96)
    # of another network, of a training loop, or of nothing at all
    for text in ('{"architecture": "resnet50"}', '{"epochs": 3}', "[]", "not JSON"):
        (tmp_path / "config.json").write_text(text)
        assert imported().mean == imagenet
    (tmp_path / "config.json").unlink()
    assert imported().mean == imagenet


def test_tensors_of_another_network_are_named(tmp_path):
    put(tmp_path / VIT, VIT)
    (tmp_path / VIT / "model.safetensors").rename(tmp_path / f"{RESNET}.safetensors")
    with pytest.raises(InputError, match=r"do not fit test_resnet.*\(conv1\.0\.weight, .* more\)"):
        from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")


def test_a_tensor_too_few_too_many_or_of_another_shape_is_named(tmp_path):
    tensors = {k: v.contiguous() for k, v in network_of(RESNET).state_dict().items()}
    spoilt = [
        ("fc.bias", {k: v for k, v in tensors.items() if k != "fc.bias"}),
        ("extra", {**tensors, "extra": torch.zeros(1)}),
        ("fc.weight", {**tensors, "fc.weight": torch.zeros(3, 3)}),
    ]
    for key, content in spoilt:
        save_file(content, tmp_path / f"{RESNET}.safetensors")
        with pytest.raises(InputError, match=rf"do not fit .*\({re.escape(key)}\)"):
            from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 20, None])
def test_a_file_that_is_no_safetensors(tmp_path, content):
    put(tmp_path / RESNET, RESNET)
    weights = tmp_path / RESNET / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000] if content is None else content)
    with pytest.raises(InputError, match=r"is not a readable safetensors file .*; delete it"):
        from_folder(tmp_path, RESNET, tmp_path / "x.safetensors")


@pytest.mark.parametrize("name", [VIT, "swin_tiny_patch4_window7_224.ms_in1k"])
def test_position_embeddings_for_another_size_are_those_that_timm_resamples(tmp_path, name):
    size = 192 if name == VIT else 256
    put(tmp_path / name, name)
    from_folder(tmp_path, name, tmp_path / "x.safetensors")
    model = built(entry_of(name), tmp_path / "x.safetensors", size)
    file = {"file": str(tmp_path / name / "model.safetensors"), "custom_load": False}
    direct = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=file, img_size=size)
    expected = direct.state_dict()
    got = model.network.state_dict()
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[key], expected[key]) for key in expected)
    assert model.size == size


def test_a_size_that_does_not_fit_is_refused(tmp_path):
    put(tmp_path / VIT, VIT)
    from_folder(tmp_path, VIT, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match=r"for 150 x 150 images .*change images\.size"):
        built(entry_of(VIT), tmp_path / "x.safetensors", 150)


@pytest.mark.parametrize("key", IMAGENET)
def test_the_published_networks_have_a_repository_and_a_label_space(key):
    entry = complete_entry(key, CATALOGUE)
    wanted = pretrained(Architecture.of(entry))
    assert wanted.repository == f"timm/{entry['timm']}"
    assert f"{wanted.architecture}.{wanted.tag}" == entry["timm"]
    assert wanted.classes[:1] + wanted.classes[-1:] == ("n01440764", "n15075141")


def test_the_sizes_that_the_published_networks_were_tested_with():
    expected = {"convnextv2_nano": 288, "efficientnet_b3": 320, "efficientnet_b4": 384}
    expected |= dict.fromkeys(("resnet18", "resnet50", "resnext50"), 288)
    assert len(IMAGENET) == 14
    for key in IMAGENET:
        wanted = pretrained(Architecture.of(complete_entry(key, CATALOGUE)))
        assert wanted.size == expected.get(key, 224), key


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("resnet50.of_mine", "knows no weights 'resnet50.of_mine'; correct .*there are resnet50"),
        ("of_mine", "timm knows no weights 'of_mine'"),
    ],
)
def test_weights_that_timm_does_not_have(name, sentence):
    with pytest.raises(InputError, match=sentence):
        pretrained(Architecture.of(entry_of(name)))


def test_a_network_without_published_weights_has_random_ones_or_those_of_a_folder(tmp_path):
    name = "test_vit_relpos"
    initialise_weights.main(
        str(tmp_path / "x.safetensors"), architecture=entry_of(name), seed=0, code="c0de"
    )
    with pytest.raises(InputError, match=r"no repository with the weights 'test_vit_relpos'; name"):
        fetch(name, pretrained(Architecture.of(entry_of(name))).repository)
    with pytest.raises(InputError, match=r"put one there$"):
        from_folder(tmp_path, name, tmp_path / "y.safetensors")
    put(tmp_path / name, name, config=f"{name}.untrained")
    assert from_folder(tmp_path, name, tmp_path / "y.safetensors")["source"] == "folder"


def test_outputs_of_another_list_of_imagenet_are_named():
    wanted = pretrained(Architecture.of(entry_of("vit_base_patch16_224.augreg_in21k")))
    assert len(wanted.classes) == len(wanted.class_names) == 21843
    assert (wanted.classes[0], wanted.class_names[0]) == ("n00004475", "organism")


def test_random_weights_are_seeded_by_study_and_model(tmp_path):
    path = str(tmp_path / "x.safetensors")

    def tensors(name: str, seed: int) -> bytes:
        architecture = {**entry_of(RESNET), "name": name}
        initialise_weights.main(path, architecture=architecture, seed=seed, code="c0de")
        return Path(path).read_bytes()

    first = tensors("a", 0)
    assert tensors("a", 0) == first
    assert tensors("b", 0) != first
    assert tensors("a", 1) != first
    assert read_header(path)["source"] == "random"


def test_random_weights_tell_images_apart(tmp_path):
    path = tmp_path / "x.safetensors"
    for key in ("deit_t", "mobilenetv3"):
        entry = complete_entry(key, CATALOGUE)
        initialise_weights.main(str(path), architecture=entry, seed=0, code="c0de")
        model = built(entry, path, 224)
        images = np.random.default_rng(0).integers(0, 256, (3, 7, 7, 3), dtype=np.uint8)
        with torch.inference_mode():
            values = model.network(model.normalise(images.repeat(32, 1).repeat(32, 2))).numpy()
        assert (values.std(0) > 1e-3 * values.std()).mean() > 0.9, key
