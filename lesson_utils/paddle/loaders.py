"""Batches out of arrays, in Paddle."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import paddle

from lesson_utils.data.batches import BaseArrayLoader
from lesson_utils.paddle.device import pick_device, processes


class ArrayLoader(BaseArrayLoader):  # noqa: D101
    __doc__ = BaseArrayLoader.__doc__

    def _hold(self, arrays: Sequence[Any], device: str) -> tuple[list[Any], bool]:
        self.device = pick_device(device)
        tensors = [_tensor(array) for array in arrays]
        resident = True
        if self.device.startswith("gpu"):
            total = paddle.device.cuda.get_device_properties(self.device).total_memory
            free = total - paddle.device.cuda.memory_reserved(self.device)
            resident = sum(tensor.size * tensor.element_size() for tensor in tensors) < free / 2
        return [tensor.to(self.device) if resident else tensor for tensor in tensors], resident

    def _take(self, indices: np.ndarray) -> list[paddle.Tensor]:
        chosen = paddle.to_tensor(indices, place=self.arrays[0].place)
        batch = [paddle.index_select(array, chosen) for array in self.arrays]
        if self.resident:
            return batch
        return [array.pin_memory().to(self.device, blocking=False) for array in batch]

    def _share(self) -> tuple[int, int]:
        return processes()


def _tensor(array: Any) -> paddle.Tensor:
    if not isinstance(array, paddle.Tensor):
        array = paddle.to_tensor(np.ascontiguousarray(array), place="cpu")
    return array.astype("float32") if array.dtype == paddle.float64 else array
