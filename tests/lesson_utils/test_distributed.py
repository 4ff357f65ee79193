"""Two processes on the CPU must give what one gives, to rounding, and only the first may write."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
LAUNCHERS = {
    "torch": ["torch.distributed.run", "--standalone", "--nproc_per_node", "2"],
    "paddle": ["paddle.distributed.launch", "--nproc_per_node", "2", "--backend", "gloo"],
}


def run(framework, folder, launcher=()):
    folder.mkdir(exist_ok=True)
    script = HERE / f"two_processes_{framework}.py"
    options = ["--log_dir", str(folder / "log")] if launcher and framework == "paddle" else []
    module = ["-m", *launcher, *options] if launcher else []
    answer = subprocess.run(
        [sys.executable, *module, str(script), str(folder)], capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout[-1000:] + answer.stderr[-3000:]
    return [json.loads(path.read_text()) for path in sorted(folder.glob("result*.json"))]


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_two_processes_equal_one(framework, tmp_path):
    (alone,) = run(framework, tmp_path / "alone")
    first, second = run(framework, tmp_path / "both", LAUNCHERS[framework])
    assert (alone["of"], first["of"], second["of"]) == (1, 2, 2)
    assert first["weights"] == second["weights"] and first["rows"] == second["rows"]
    np.testing.assert_allclose(first["weights"], alone["weights"], rtol=1e-3, atol=1e-5)
    for ours, theirs in zip(first["rows"], alone["rows"], strict=True):
        assert ours.keys() == theirs.keys()
        np.testing.assert_allclose(list(ours.values()), list(theirs.values()), rtol=1e-4)
    assert (alone["writes"], first["writes"], second["writes"]) == (True, True, False)
    assert (tmp_path / "both" / "last.safetensors").exists()
