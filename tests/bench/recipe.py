"""``python -m tests.bench.recipe torch``: how far 4,000 digits carry, and how fast.

Five-fold cross-validation on the 5,000 digits: train on 4,000, judge on the 1,000 others. The recipe itself is
``lesson_utils/recorded/recipe.py``, where the lesson training/digits-lab takes it apart.

Tried and left out, because they cost time or accuracy: twice the width (no better, twice the time), elastic
distortion (worse in so few epochs), batches of 64 (no better, slower).
"""

import argparse
import os
import time
from statistics import mean

from lesson_utils.data.embedded import mnist
from lesson_utils.recorded import recipe


def timed(framework: str, number: int) -> tuple[float, float, float]:
    """Accuracy, seconds and processor seconds of one fold."""
    images, labels = mnist("all")
    learn, judge = recipe.folds()[number]
    # before the clock runs: the framework imports and compiles parts of itself when they are first used
    recipe.train(framework, (images[:256], labels[:256]), seed=0, epochs=1)
    start, work = time.perf_counter(), time.process_time()
    runner, _ = recipe.train(framework, (images[learn], labels[learn]), seed=number)
    accuracy = float((recipe.answers(runner, images[judge]) == labels[judge]).mean())
    return accuracy, time.perf_counter() - start, time.process_time() - work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("framework", choices=["torch", "paddle"])
    parser.add_argument("--folds", type=int, default=5, help="how many of the five to run")
    options = parser.parse_args()
    results = []
    for number in range(options.folds):
        accuracy, seconds, work = timed(options.framework, number)
        results.append((accuracy, seconds))
        print(f"fold {number + 1}: {accuracy:.2%} in {seconds:.1f} s, {work:.1f} s of CPU", flush=True)
    accuracies, clock = zip(*results, strict=True)
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    print(f"mean {mean(accuracies):.2%} in {mean(clock):.1f} s a fold ({threads} threads)")


if __name__ == "__main__":
    main()
