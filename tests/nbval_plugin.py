"""What nbval is told besides its options; loaded with ``-p tests.nbval_plugin``."""

import os


def pytest_collectstart(collector):
    """With more than one thread Paddle warns on import; that line is no output of the lesson."""
    if hasattr(collector, "skip_compare") and os.environ.get("OMP_NUM_THREADS", "1") != "1":
        collector.skip_compare += ("stderr",)
