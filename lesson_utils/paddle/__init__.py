"""Training in Paddle: the same names as in `lesson_utils.torch`."""

from lesson_utils.paddle.device import pick_device, seed_everything, to_numpy
from lesson_utils.paddle.loaders import ArrayLoader
from lesson_utils.paddle.runner import Runner, accuracy, fill_weights

__all__ = ["ArrayLoader", "Runner", "accuracy", "fill_weights", "pick_device", "seed_everything", "to_numpy"]
