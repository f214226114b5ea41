"""The study, its paths, and what rules are written with. No rules."""

import os
from copy import deepcopy
from functools import cache, partial
from pathlib import Path

import thinkalike
from thinkalike.errors import InputError
from thinkalike.explorer.bundle import page_content
from thinkalike.images.listing import folder_listing, image_listing
from thinkalike.images.masks import masks_content
from thinkalike.methods import method_name
from thinkalike.workflow.changed_images import ChangedImages
from thinkalike.workflow.comparisons import Comparisons
from thinkalike.workflow.explored import Explored
from thinkalike.workflow.fingerprint import fingerprint as _fingerprint
from thinkalike.workflow.study import Study, by_wildcards
from thinkalike.workflow.verdict import read_unconverged, read_verdict
from thinkalike.workflow.weights import Weights

REPOSITORY = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve().parent

if Path(thinkalike.__file__).resolve().parents[1] != REPOSITORY:
    raise WorkflowError(
        f"another package named thinkalike is installed at {thinkalike.__file__} and hides "
        f"the one in {REPOSITORY}; uninstall it"
    )

try:
    study = Study.of(config)
except InputError as error:
    raise WorkflowError(f"The configuration cannot be used:\n{error}") from None

changed = ChangedImages(study)
comparisons = Comparisons(study)
explored = Explored(comparisons)
weights = Weights(study)


def known_to_captions(read, path, otherwise):
    """What captions say from a finished file; of a damaged one nothing, with a warning that names it."""
    try:
        return read(path)
    except InputError as error:
        logger.warning(str(error))
        return otherwise


# Captions of figures read the configuration: they see it complete, with what follows from other keys.
GIVEN = deepcopy(config)
config.update(study.settings)
# The report begins with the verdict, and captions count maps that did not converge, where there are any
# by then.
RESULTS = f"results/{study['study']}"
config["verdict"] = known_to_captions(read_verdict, f"{RESULTS}/verdict.json", [])
config["unconverged"] = known_to_captions(
    read_unconverged, f"{RESULTS}/statistics/completeness.csv", {}
)

# Jobs load files. The hubs are asked by download_weights alone, on the machine that calls Snakemake.
os.environ.update(HF_HUB_OFFLINE="1")

# Files that the targets `all` and `extras` ask for; each stage adds its own.
QUESTION, EXTRAS = [], []


pathvars:
    results=RESULTS,
    dataset=f"resources/datasets/{study['dataset']['name']}",
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",


wildcard_constraints:
    model="|".join(study.compared),
    method="[a-z][a-z0-9_]*",
    metric="[a-z]+",
    subset="(all|matching|differing)(_[0-9]+)?",
    panels="[a-z][a-z0-9_]*",
    position="[0-9]+",
    shard="[0-9]+",
    row="[0-9]+",
    column="[0-9]+",
    case="[a-z][a-z0-9_]*",
    key="[0-9a-f]{16}",


@cache
def fingerprint(script, *modules):
    """Hash of a script and of the library code that it reaches: a rule's `code` parameter."""
    try:
        return _fingerprint(script, *modules)
    except InputError as error:
        raise WorkflowError(str(error)) from None


@cache
def dataset_listing():
    """Hash of the names and sizes of the user's own images; empty for other data sets."""
    dataset = study["dataset"]
    return image_listing(dataset["path"]) if dataset["kind"] == "folder" else ""


@cache
def masks_listing():
    """Hash of the names and contents of the user's own masks; empty for other segments."""
    segments = study["segments"]
    return masks_content(segments["path"]) if segments["kind"] == "file" else ""


def code_of(script, *modules):
    """Parameter function of the fingerprint, which is computed when the job is planned."""
    return lambda wildcards: fingerprint(script, *modules)


def code_of_explaining(script):
    """Parameter function of the fingerprint of a script that explains by the method in the wildcards."""
    return lambda wildcards: fingerprint(script, study.method(wildcards.method).module)


def trained_weights(wildcards):
    """File of the weights of a model that studies share which train it in the same way."""
    is_trained = study["catalogue"][wildcards.model]["weights"] == "trained"
    code = fingerprint("train_model.py" if is_trained else "finetune_model.py")
    return weights.trained(wildcards.model, code, dataset_listing())


def verbatim(value):
    """Parameter function of a text as the user wrote it: in a plain string braces are wildcards."""
    return lambda wildcards: value


# Questions of a reader, in their order: the report sorts its categories by the alphabet.
CATEGORIES = {
    "answer": "0 What was found?",
    "alike": "1 How alike are the models, and how sure is it?",
    "clusters": "2 Which models belong together?",
    "maps": "3 What does each model look at?",
    "predictions": "4 Do models that predict alike explain alike?",
    "images": "5 How many images does it take?",
    "spread": "6 How much does it vary from image to image?",
    "neon": "7 Why is an image in a cluster of features?",
    "spectral": "8 Which images are explained the same way?",
    "grounded": "9 Is the measure valid, where the answer is known?",
}

# Subcategory of what tests the methods, beside that of each panel.
CHECKS = "checks of the methods"


def by_method(wildcards):
    """Subcategory of the report of a method's figures: its title."""
    return method_name(wildcards.method)


def figure(stem, caption, category, subcategory, **labels):
    """Files of one figure: SVG (in the report), PNG, and the CSV behind it."""
    svg = report(
        f"<results>/figures/{stem}.svg",
        caption=f"../report/{caption}.rst",
        category=CATEGORIES[category],
        subcategory=subcategory,
        labels=labels,
    )
    return [svg, f"<results>/figures/{stem}.png", f"<results>/figures/{stem}.csv"]


def svg_files(stems):
    """Paths of figures to be asked for: only a rule's output says how they are reported."""
    return [f"<results>/figures/{stem}.svg" for stem in stems]


def evaluation_figures(subcategory):
    """Output of a rule that draws an evaluation of NEON."""
    figures = {
        "flipping": "curves of feature flipping",
        "areas": "areas under these curves",
        "betas": "what β does",
    }
    return {
        f"{name}_figure": figure(f"neon/{name}", f"neon_{name}", "neon", subcategory, figure=title)
        for name, title in figures.items()
    }


def case_figure(name, caption, title):
    """Files of a figure of one case."""
    return figure(f"spectral/{{case}}/{name}", caption, "spectral", "{case}", figure=title)
