"""Training in Paddle: the same names as in `lesson_utils.torch`."""

import warnings

from lesson_utils.paddle.device import pick_device, seed_everything, to_numpy
from lesson_utils.paddle.loaders import ArrayLoader
from lesson_utils.paddle.runner import Runner, accuracy, fill_weights

# Paddle says this at every training step through a batch normalisation, whatever its settings are.
warnings.filterwarnings("ignore", message="When training, we now always track global mean and variance")

__all__ = ["ArrayLoader", "Runner", "accuracy", "fill_weights", "pick_device", "seed_everything", "to_numpy"]
