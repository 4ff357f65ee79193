"""What the notes "PyTorch ↔ Paddle" of tensors/data-pipelines claim."""

import gzip
import inspect
import subprocess
import sys
import threading

import numpy as np
import paddle
import pytest
import torch
import torchvision
from PIL import Image

NOTES = {"tensors/data-pipelines": 4}


class Threads:
    """Four records; remembers in which thread they were read."""

    def __init__(self):
        self.readers = set()

    def __len__(self):
        return 4

    def __getitem__(self, index):
        self.readers.add(threading.get_ident())
        return np.zeros(2, dtype=np.float32)


class TorchThreads(Threads, torch.utils.data.Dataset):
    """For PyTorch."""


class PaddleThreads(Threads, paddle.io.Dataset):
    """For Paddle."""


def test_without_workers_paddle_reads_in_a_thread():
    records, p_records = TorchThreads(), PaddleThreads()
    assert len(list(torch.utils.data.DataLoader(records, batch_size=2, num_workers=0))) == 2
    assert records.readers == {threading.get_ident()}
    assert len(list(paddle.io.DataLoader(p_records, batch_size=2, num_workers=0))) == 2
    assert p_records.readers and threading.get_ident() not in p_records.readers
    assert inspect.signature(paddle.io.DataLoader).parameters["use_shared_memory"].default is True


HANGS = """
import warnings
warnings.simplefilter("ignore")
import paddle

class Broken(paddle.io.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        raise ValueError("file 0 is empty")

print("reading", flush=True)
try:
    next(iter(paddle.io.DataLoader(Broken(), batch_size=2, num_workers=WORKERS)))
except SystemError as error:
    print("file 0" in str(error), flush=True)
"""


def test_an_error_in_a_record():
    class Broken(TorchThreads):
        def __getitem__(self, index):
            raise ValueError("file 0 is empty")

    for workers in (0, 1):
        loader = torch.utils.data.DataLoader(Broken(), batch_size=2, num_workers=workers)
        with pytest.raises(ValueError, match="file 0 is empty"):
            next(iter(loader))
    # In a process of their own: one of them never comes back.
    texts = [HANGS.replace("WORKERS", workers) for workers in "01"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    waiting, told = (subprocess.Popen([sys.executable, "-c", text], **options) for text in texts)
    try:
        assert told.communicate(timeout=120)[0].split() == ["reading", "False"]
        assert waiting.stdout.readline() == "reading\n"
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=4)
    finally:
        waiting.kill()
        waiting.communicate()


def test_a_label_that_is_ignored():
    scores, some, none = np.zeros((4, 10), dtype=np.float32), np.array([1, 2, 3, -100]), np.full(4, -100)
    loss, p_loss = torch.nn.functional.cross_entropy, paddle.nn.functional.cross_entropy
    assert loss(torch.tensor(scores), torch.tensor(some)).item() == pytest.approx(np.log(10))
    assert p_loss(paddle.to_tensor(scores), paddle.to_tensor(some)).item() == pytest.approx(np.log(10) * 3 / 4)
    assert loss(torch.tensor(scores), torch.tensor(none)).isnan()
    assert p_loss(paddle.to_tensor(scores), paddle.to_tensor(none)).item() == 0


def test_folders_of_pictures(tmp_path):
    album = tmp_path / "album"
    (album / "0").mkdir(parents=True)
    Image.new("L", (4, 4)).save(album / "0" / "a.png")
    vision = paddle.vision.datasets
    assert [len(kind(str(album))[0]) for kind in (vision.ImageFolder, vision.DatasetFolder)] == [1, 2]
    assert len(torchvision.datasets.ImageFolder(album)[0]) == 2

    def idx(array):
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())

    paths = tmp_path / "images.gz", tmp_path / "labels.gz"
    paths[0].write_bytes(idx(np.zeros((100, 28, 28), dtype=np.uint8)))
    paths[1].write_bytes(idx(np.zeros(100, dtype=np.uint8)))
    assert vision.MNIST(*map(str, paths), mode="train")[0][1].shape == (1,)
