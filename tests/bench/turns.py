"""Trainers that take turns: a step of one, a step of the next.

A processor that others share runs a fifth faster in one second than in the next, so whole runs one after the other
differ by more than the trainers do. A turn lasts some hundredths of a second: what slows one slows them all.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

Cost = tuple[float, float]  # seconds on the clock, and of the processor


class Turns:
    """Train several models in threads of which one runs at a time; `costs` are those of its own turns only."""

    def __init__(self, models: dict[str, Any], trainings: dict[str, Callable[[], Any]]) -> None:
        self.names, self.trainings = list(trainings), trainings
        self.spent = {name: (0.0, 0.0) for name in trainings}
        self.began = (0.0, 0.0)
        self.turn = threading.Condition()
        self.errors: list[BaseException] = []
        for name, model in models.items():
            # every trainer calls its model once a step, whatever else it does
            model.register_forward_pre_hook(lambda *_, name=name: self._next(name))

    def costs(self) -> dict[str, Cost]:
        """Train all to the end."""
        threads = [threading.Thread(target=self._train, args=(name,)) for name in self.trainings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
        return self.spent

    def _train(self, name: str) -> None:
        self._wait(name)
        try:
            self.trainings[name]()
        except BaseException as error:  # would end the thread in silence
            self.errors.append(error)
        self._stop(name)
        with self.turn:
            self.names.remove(name)
            self.turn.notify_all()

    def _next(self, name: str) -> None:
        self._stop(name)
        with self.turn:
            self.names.append(self.names.pop(0))
            self.turn.notify_all()
        self._wait(name)

    def _wait(self, name: str) -> None:
        with self.turn:
            self.turn.wait_for(lambda: self.names[0] == name)
        self.began = (time.perf_counter(), time.process_time())

    def _stop(self, name: str) -> None:
        now = (time.perf_counter(), time.process_time())
        clock, processor = (
            spent + end - start for spent, start, end in zip(self.spent[name], self.began, now, strict=True)
        )
        self.spent[name] = (clock, processor)
