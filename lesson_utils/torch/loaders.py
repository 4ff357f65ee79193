"""Batches out of arrays, in PyTorch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from lesson_utils.data.batches import BaseArrayLoader
from lesson_utils.torch.device import pick_device, processes


class ArrayLoader(BaseArrayLoader):  # noqa: D101
    __doc__ = BaseArrayLoader.__doc__

    def _hold(self, arrays: Sequence[Any], device: str) -> tuple[list[Any], bool]:
        self.device = pick_device(device)
        tensors = [_tensor(array) for array in arrays]
        resident = True  # on the CPU they are there already, and MPS shares the CPU's memory
        if self.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.device)
            resident = sum(tensor.nbytes for tensor in tensors) < free / 2
        return [tensor.to(self.device) if resident else tensor for tensor in tensors], resident

    def _take(self, indices: np.ndarray) -> list[torch.Tensor]:
        chosen = torch.from_numpy(indices).to(self.arrays[0].device)
        batch = [array.index_select(0, chosen) for array in self.arrays]
        if self.resident:
            return batch
        return [array.pin_memory().to(self.device, non_blocking=True) for array in batch]

    def _share(self) -> tuple[int, int]:
        return processes()


def _tensor(array: Any) -> torch.Tensor:
    if not isinstance(array, torch.Tensor):
        array = torch.from_numpy(np.ascontiguousarray(array))
    return array.float() if array.dtype is torch.float64 else array
