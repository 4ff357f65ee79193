"""Full data sets: how their files become arrays."""

import csv
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from lesson_utils.data.download import unpack
from lesson_utils.data.embedded import Pair, shuffled


def idx(split: str, *paths: Path) -> Pair:
    """MNIST and its like: images and labels of the training set, then of the test set."""
    arrays = []
    for path in paths:
        data = gzip.decompress(path.read_bytes())
        shape = np.frombuffer(data, ">i4", data[3], offset=4)  # data[3] is the number of axes
        arrays.append(np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape))
    return _pictures(split, arrays[0][:, None], arrays[1], arrays[2][:, None], arrays[3])


def cifar10(split: str, path: Path) -> Pair:
    """Records of a label and 3×32×32 pixels: the version of CIFAR-10 that is not a pickle."""
    with tarfile.open(path) as archive:
        names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
        members = [archive.extractfile(f"cifar-10-batches-bin/{name}.bin") for name in names]
        tables = [np.frombuffer(m.read(), np.uint8).reshape(-1, 3073) for m in members if m]
    train, test = np.concatenate(tables[:5]), tables[5]
    pictures = (table[:, 1:].reshape(-1, 3, 32, 32) for table in (train, test))
    return _pictures(split, next(pictures), train[:, 0], next(pictures), test[:, 0])


def _pictures(split: str, *parts: np.ndarray) -> Pair:
    images = {"train": parts[0:1], "test": parts[2:3], "all": parts[0::2]}[split]
    labels = {"train": parts[1:2], "test": parts[3:4], "all": parts[1::2]}[split]
    scaled = np.concatenate(images).astype(np.float32) / 255
    return scaled, np.concatenate(labels).astype(np.int64)


def imdb(split: str, path: Path) -> Pair:
    """25,000 reviews for training and 25,000 for the test, read without unpacking."""
    wanted = ("train", "test") if split == "all" else (split,)
    texts, labels = [], []
    with tarfile.open(path) as archive:
        for member in archive:
            parts = member.name.split("/")
            if len(parts) == 4 and parts[1] in wanted and parts[2] in ("neg", "pos"):
                file = archive.extractfile(member)
                texts.append(file.read().decode("utf-8") if file else "")
                labels.append(int(parts[2] == "pos"))
    return np.array(texts, dtype=object), np.array(labels, dtype=np.int64)


def voc2012(split: str, path: Path) -> Path:
    """Folder VOC2012 with JPEGImages, Annotations, SegmentationClass and ImageSets."""
    return unpack(path) / "VOCdevkit" / "VOC2012"


def banana(split: str, path: Path) -> Pair:
    """Pictures with one banana each; 1,000 for training and 100 for the test."""
    from skimage.io import imread

    wanted = {"train": ["train"], "test": ["val"], "all": ["train", "val"]}[split]
    images, boxes = [], []
    with zipfile.ZipFile(path) as archive:
        for part in wanted:
            folder = f"banana-detection/bananas_{part}"
            rows = csv.reader(io.StringIO(archive.read(f"{folder}/label.csv").decode()))
            for name, *numbers in list(rows)[1:]:
                images.append(imread(io.BytesIO(archive.read(f"{folder}/images/{name}"))))
                boxes.append([[float(number) for number in numbers]])
    stacked = np.stack(images).transpose(0, 3, 1, 2)
    return stacked, np.array(boxes, np.float32) / np.array([1, 256, 256, 256, 256], np.float32)


def tatoeba(split: str, path: Path) -> Pair:
    """Sentences in English and in French."""
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("fra-eng/fra.txt").decode("utf-8").splitlines()
    pairs = [line.replace("\u202f", " ").replace("\xa0", " ").split("\t")[:2] for line in lines]
    english, french = np.array(pairs, dtype=object).T
    return shuffled(english, french, split)


def text(split: str, path: Path) -> str:
    """A book; the last tenth is for the test."""
    whole = path.read_text(encoding="utf-8")
    border = len(whole) * 9 // 10
    return {"train": whole[:border], "test": whole[border:], "all": whole}[split]
