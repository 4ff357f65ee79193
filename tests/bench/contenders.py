"""One training run by each contender: the same model, batches of 64, loss and accuracy of the epoch.

Each function makes its trainer and returns the training itself, which is what the clock is for.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

BATCH, LR = 64, 0.001
Training = Callable[[], Any]
Contender = Callable[[Any, np.ndarray, np.ndarray, int], Training]


def torch_runner(
    model: Any,
    images: np.ndarray,
    labels: np.ndarray,
    epochs: int,
    on_device: bool = True,
    channels_last: bool = True,
    **options: Any,
) -> Training:
    """Train with Runner; without `on_device` and `channels_last`, as it would without these two of its choices."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    from lesson_utils.torch import ArrayLoader, Runner, accuracy

    device = options.setdefault("device", "cpu")
    if on_device:
        loader: Any = ArrayLoader(images, labels, batch_size=BATCH, shuffle=True, device=device)
    else:
        data = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
        loader = DataLoader(data, BATCH, shuffle=True, pin_memory=device == "cuda")
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    runner = Runner(model, optimizer, torch.nn.CrossEntropyLoss(), metric=accuracy, **options)
    if not channels_last:
        runner.hardware = replace(runner.hardware, channels_last=False)
        model.to(memory_format=torch.contiguous_format)
    return lambda: runner.train(loader, epochs=epochs)


def torch_loop(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int) -> Training:
    import torch

    inputs_all, targets_all = torch.from_numpy(images), torch.from_numpy(labels)
    optimizer, loss_fn = torch.optim.Adam(model.parameters(), lr=LR), torch.nn.CrossEntropyLoss()

    def train() -> None:
        model.train()
        for _ in range(epochs):
            total, right = 0.0, 0
            for indices in torch.randperm(len(inputs_all)).split(BATCH):
                inputs, targets = inputs_all[indices], targets_all[indices]
                logits = model(inputs)
                loss = loss_fn(logits, targets)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                total += loss.item() * len(targets)
                right += (logits.argmax(1) == targets).sum().item()

    return train


def torch_loop_channels_last(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int) -> Training:
    """Give the plain loop the memory layout that Runner chooses: what is left of the difference is the loop's."""
    import torch

    return torch_loop(model.to(memory_format=torch.channels_last), images, labels, epochs)


def torch_d2l(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int) -> Training:
    import torch
    from d2l import torch as d2l

    class Data(d2l.DataModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(num_workers=0)
            self.batch_size = BATCH
            self.tensors = (torch.from_numpy(images), torch.from_numpy(labels))

        def get_dataloader(self, train: bool) -> Any:
            return self.get_tensorloader(self.tensors, train) if train else None

    class Net(d2l.Classifier):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net, self.lr = model, LR
            self.board.display = False  # its animation would cost far more than the training

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=self.lr)

        def plot(self, key: str, value: Any, train: bool) -> None:
            pass

    trainer = d2l.Trainer(max_epochs=epochs, num_gpus=0)
    return lambda: trainer.fit(Net(), Data())


def torch_lightning(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int) -> Training:
    import logging

    import lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Net(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.loss_fn = model, torch.nn.CrossEntropyLoss()

        def training_step(self, batch: Any, index: int) -> Any:
            inputs, targets = batch
            logits = self.net(inputs)
            loss = self.loss_fn(logits, targets)
            accuracy = (logits.argmax(1) == targets).float().mean()
            self.log_dict({"loss": loss, "accuracy": accuracy}, on_step=False, on_epoch=True)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=LR)

    data = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip

    def train() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer.fit(Net(), DataLoader(data, BATCH, shuffle=True))

    return train


def paddle_runner(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int) -> Training:
    import paddle

    from lesson_utils.paddle import ArrayLoader, Runner, accuracy

    loader = ArrayLoader(images, labels, batch_size=BATCH, shuffle=True, device="cpu")
    optimizer = paddle.optimizer.Adam(LR, parameters=model.parameters())
    runner = Runner(model, optimizer, paddle.nn.CrossEntropyLoss(), metric=accuracy, device="cpu")
    return lambda: runner.train(loader, epochs=epochs)


def paddle_loop(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int) -> Training:
    import paddle

    inputs_all, targets_all = paddle.to_tensor(images), paddle.to_tensor(labels)
    optimizer = paddle.optimizer.Adam(LR, parameters=model.parameters())
    loss_fn = paddle.nn.CrossEntropyLoss()

    def train() -> None:
        model.train()
        for _ in range(epochs):
            total, right = 0.0, 0
            order = paddle.randperm(len(images))
            for start in range(0, len(images), BATCH):
                indices = order[start : start + BATCH]
                inputs, targets = inputs_all[indices], targets_all[indices]
                logits = model(inputs)
                loss = loss_fn(logits, targets)
                loss.backward()
                optimizer.step()
                optimizer.clear_grad()
                total += float(loss) * len(targets)
                right += int((logits.argmax(1) == targets).sum())

    return train


def paddle_model(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int) -> Training:
    import paddle

    data = paddle.io.TensorDataset([paddle.to_tensor(images), paddle.to_tensor(labels[:, None])])
    wrapped = paddle.Model(model)
    optimizer = paddle.optimizer.Adam(LR, parameters=model.parameters())
    wrapped.prepare(optimizer, paddle.nn.CrossEntropyLoss(), paddle.metric.Accuracy())
    return lambda: wrapped.fit(data, epochs=epochs, batch_size=BATCH, shuffle=True, verbose=0)


CONTENDERS: dict[str, dict[str, Contender]] = {
    "torch": {
        "Runner": torch_runner,
        "plain loop": torch_loop,
        "plain loop, channels last": torch_loop_channels_last,
        "d2l Trainer": torch_d2l,
        "Lightning": torch_lightning,
    },
    "paddle": {"Runner": paddle_runner, "plain loop": paddle_loop, "paddle.Model": paddle_model},
}
