"""What a training cell leaves in a notebook: nothing when a program executes it, a curve when a person does."""

import queue

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

TRAIN = """
import numpy as np, torch
from torch import nn
from lesson_utils.progress import LiveCurve
from lesson_utils.torch import ArrayLoader, Runner, accuracy
loader = ArrayLoader(np.zeros((40, 4)), np.zeros(40, int), batch_size=8, device="cpu")
model = nn.Linear(4, 3)
runner = Runner(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss(), accuracy, device="cpu")
history = runner.train(loader, loader, epochs=3, callbacks=[LiveCurve()])
"""


@pytest.mark.slow
def test_executed_notebook_holds_no_bar_and_no_curve():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TRAIN)])
    NotebookClient(notebook, kernel_name="python3").execute()
    assert notebook.cells[0].outputs == []


@pytest.mark.slow
def test_watched_notebook_shows_a_bar_and_one_curve_that_grows():
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute(TRAIN, allow_stdin=True)
        kinds = []
        while True:
            message = client.get_iopub_msg(timeout=60)
            kinds.append(message["msg_type"])
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
    except queue.Empty:
        pytest.fail("the kernel did not answer")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert kinds.count("display_data") == 1 and kinds.count("update_display_data") == 2
    assert "stream" in kinds  # the bar
