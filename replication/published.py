"""The experiment log's published tables: where they are, and how to know them. No computing here."""

from dataclasses import dataclass

HOST = "https://raw.githubusercontent.com"

REPOSITORY = "mstaczek/cnn-vs-transformers-msc-thesis"


@dataclass(frozen=True)
class Table:
    """One published table.

    Attributes:
        experiment: folder under results/ in the repository of the log.
        file: name in that folder.
        commit: the full commit that it is taken from.
        sha256: of the file, hexadecimal.
    """

    experiment: str
    file: str
    commit: str
    sha256: str

    @property
    def key(self) -> str:
        """Experiment and file, as a path."""
        return f"{self.experiment}/{self.file}"

    @property
    def path(self) -> str:
        """Where the log's repository keeps the table, with commit, below the host."""
        return f"{REPOSITORY}/{self.commit}/results/{self.key}"


_COMMITS = {
    "20240410-gradcam-256": "08462e1cf10f29e09a7242b5d35a1ff6cd27f9cc",
    "20240410-gradcam-1024": "08462e1cf10f29e09a7242b5d35a1ff6cd27f9cc",
    "20240414-gradcam-1024-fixed-efficientnet-b4": "9fbf3f4962b6a904bf9985c637d2bf1f024e5266",
    "20240417-gradcam-256-only-same-prediction": "43ca9477b57984dc3f62b0b21bc51a753ce5e05a",
    "20240505-finetuned-gradcam-256-ig-64-kernelshap-64": "312a92d092303f20977d1534d80965b6bc8bbc20",
    "20240531-accuracy-not-resized": "87b704f7e34e53f0626a9ffbfb74cf4782c89ea4",
    "20240620-gradcam-kernelshap-ig-128": "686323632c58b5d06eed3c32e8644613d810677b",
    "20240704-integratedgradients-abs-value": "99876651e26fd20250cf6a82621773b840a5f3da",
    "20240922-recompute-kernelshap-128": "46c9b077af76054824cc398926559ed8312a4036",
}

_SHA256 = {
    "20240410-gradcam-256": {
        "20240410_1129_similarity_matrix_gradcam_cosine.csv": (
            "26799bbb72c9eb85f4056e757f4f5baa00e28a64032727ce05ed4972b2005a5b"
        ),
        "20240410_1129_similarity_matrix_gradcam_rbf.csv": (
            "9e0df38e502ea76084cb0b8157985613df0df74ac8dce5bb1d1d38d805f859e0"
        ),
    },
    "20240410-gradcam-1024": {
        "20240410_1442_similarity_matrix_gradcam_cosine.csv": (
            "4c4a3873ed254e449f1183369725d0204012c5063b0af895ce9c9c0efdc33fd2"
        ),
        "20240410_1442_similarity_matrix_gradcam_rbf.csv": (
            "4aa67f0a35edc55cb338b1b83e9429c0090596ffe268e5b310b3fe564f9c7d80"
        ),
    },
    "20240414-gradcam-1024-fixed-efficientnet-b4": {
        "similarity_matrix_gradcam_cosine.csv": (
            "96798dc9ac7a85473a91c1aa8b4b103562f1f54f54608d1b0f5fb9dece2b53eb"
        ),
    },
    "20240417-gradcam-256-only-same-prediction": {
        "20240417_1037_gradcam_same_predictions_count.csv": (
            "de5c84d7bc7bfe587d5e9308a27969af960e633d9eaf7f474699d4e4ef70774a"
        ),
        "20240417_1037_similarity_matrix_gradcam_cosine.csv": (
            "fda27144ecfd2246362abb91633bfec1b95de08ed3a606e85ad4248f2a538aa6"
        ),
        "20240417_1037_similarity_matrix_gradcam_cosine_only_matching.csv": (
            "d735d7addc6d86fbeb441475ce4226208e22c8dd9a683aeca7a1feadfd10f8db"
        ),
        "20240417_1037_similarity_matrix_gradcam_rbf.csv": (
            "0736487f270ed8b3e51770b1d6191ef83da64c4c32a104053e69cc5637752533"
        ),
        "20240417_1037_similarity_matrix_gradcam_rbf_only_matching.csv": (
            "ed0980ac41fef4f70c6a84fa98695dc8488129887ec1a10634ac068d7524ca56"
        ),
    },
    "20240505-finetuned-gradcam-256-ig-64-kernelshap-64": {
        "gradcam_same_predictions_count.csv": (
            "d4bbe66567f7291bd7e0e84a5eadfd034bcef48a10227e1dece514cb510dfb21"
        ),
        "integratedgradients_same_predictions_count.csv": (
            "6fa623314a9565c234f29e3df8c2543a30a7ecf8d5fa5d9234fa2bf1759d7d61"
        ),
    },
    "20240531-accuracy-not-resized": {
        "accuracy_VIT_all_same_transforms-train_1024.csv": (
            "1fcfbc9c5679c0c9019038ecb7b3b4b2a3087801ad52c75bcced7eab922c427c"
        ),
        "accuracy_VIT_all_same_transforms-val_1024.csv": (
            "91dd98c1277cb8a3b266e56bc834b72df66b6c12329dae9d92230e0c6dc0b0d0"
        ),
        "accuracy_VIT_model_specific_transforms-train_1024.csv": (
            "06b154e75a6f23f2624b1503ed6c72f2ca1f32ca465c79e74539d0b863438898"
        ),
        "accuracy_VIT_model_specific_transforms-val_1024.csv": (
            "debad9fe8edf0bb80146b8f89e68ff28fd41ccb10d4e1750cad23627b56c518f"
        ),
        "accuracy_all_same_transforms-train_1024.csv": (
            "2ffbca3b9b9120ddc5a00f641bc472b365f18b057d8a4e22de65f34590a72c66"
        ),
        "accuracy_all_same_transforms-val_1024.csv": (
            "75f99b569467743983011121d1606c56dd2901358a817c63bc09bbc49f69e57a"
        ),
        "accuracy_model_specific_transforms-train_1024.csv": (
            "48f6ba2056cbb238e599960556b2d0a8b1a352717a18ade0ff4faf3079518574"
        ),
        "accuracy_model_specific_transforms-val_1024.csv": (
            "c2478f90f87b4d4df6fd2c5fa6dcfea9432b96df3c35ee7786d88bfbd1045b50"
        ),
    },
    "20240620-gradcam-kernelshap-ig-128": {
        "dissimilarity_matrix_gradcam_cosine.csv": (
            "8c06602e89c9b97310c2b0e78ac25e8bf95f5de7c50a25201444a0cebba31990"
        ),
        "dissimilarity_matrix_gradcam_rbf.csv": (
            "76eeab5df3e3772cac2501264fd17f47b7059b876283a87a7ea9dafd779069c8"
        ),
        "dissimilarity_matrix_integratedgradients_cosine.csv": (
            "d98c5600dd4e587e9eaa482f6b407d8d5458772d97ede8621a380ef726b6b589"
        ),
        "dissimilarity_matrix_integratedgradients_rbf.csv": (
            "9bb22f4f79cd05c08760e41a9399a210b6e8597ff1c276653825f35207d7fb04"
        ),
        "dissimilarity_matrix_kernelshap_cosine.csv": (
            "0fd83c0f9b81e6c167f3c19045cbed79936dab5bb8254c41970f0443f8309af2"
        ),
        "dissimilarity_matrix_kernelshap_rbf.csv": (
            "51a82e52b2e06713e5af06b71b30f6c2eb959f3f81a09c4c0623770b4f1de3a7"
        ),
    },
    "20240704-integratedgradients-abs-value": {
        "dissimilarity_matrix_integratedgradients_cosine.csv": (
            "eca0cd0cf471be620a128d645178f776e333ec7353aea08a2a594f5385835542"
        ),
        "dissimilarity_matrix_integratedgradients_rbf.csv": (
            "657f3f7946336830b63201eefe393f9558301b636bdaa4b69f177b9ba0b0d7d5"
        ),
    },
    "20240922-recompute-kernelshap-128": {
        "dissimilarity_matrix_kernelshap_cosine.csv": (
            "1466be7283b4cf3c7efbdd814e80642ffce22eb29cdaacefa4e7c4401cd74e57"
        ),
        "dissimilarity_matrix_kernelshap_rbf.csv": (
            "9711800914c15111fe73c0efdf9782ef7d2ce04aed088bbafcad606eae2eac7e"
        ),
    },
}

TABLES = tuple(
    Table(experiment, file, _COMMITS[experiment], sha256)
    for experiment, files in _SHA256.items()
    for file, sha256 in files.items()
)
