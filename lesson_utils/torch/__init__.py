"""Training in PyTorch: the same names as in `lesson_utils.paddle`."""

from lesson_utils.torch.device import pick_device, seed_everything, to_numpy
from lesson_utils.torch.loaders import ArrayLoader
from lesson_utils.torch.runner import Runner, accuracy, fill_weights

__all__ = ["ArrayLoader", "Runner", "accuracy", "fill_weights", "pick_device", "seed_everything", "to_numpy"]
