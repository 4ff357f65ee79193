"""Everything that must hold: ``python -m tests``; what to run every few minutes: ``python -m tests fast``.

Each step is a command that can be run by hand; the first line of a step shows it.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = ["pytest", "-q", "-p", "no:cacheprovider"]
NBVAL = [
    *PYTEST, "-p", "tests.nbval_plugin", "--nbval", "--nbval-sanitize-with", "tests/nbval.cfg",
    "--nbval-cell-timeout", "300",
]  # fmt: skip
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "TQDM_DISABLE": "1"}
# What an older processor would compute: other vector instructions and another number of threads. Two kernels with
# two threads each share the cores, so a thread that waits should sleep and not spin.
OTHER_PROCESSOR = ONE_THREAD | {
    "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "2",
    "OMP_WAIT_POLICY": "PASSIVE",
}  # fmt: skip

# The longest first: two run at a time.
TESTS = [
    ["tests/widgets", "-m", "browser"],
    ["tests", "-m", "not browser and not soak"],
    ["tests", "--ignore=tests/widgets", "-m", "browser"],
]

Step = tuple[str, list[list[str]], dict[str, str]]  # name, commands that run two at a time, environment


def notebooks(framework: str) -> list[str]:
    """The executed notebooks of one framework."""
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(f"book/**/*.{framework}.ipynb"))


def steps(fast: bool) -> list[Step]:
    """What is run, in order: the cheapest to fail comes first."""
    nbval = [[*NBVAL, *notebooks(framework)] for framework in ("torch", "paddle")]
    quick = [
        ("style", [["ruff", "check", "."], ["ruff", "format", "--check", "."]], {}),
        ("types", [["mypy"]], {}),
        ("sources and notebooks", [["publishing", "check"]], {}),
    ]
    if fast:
        return [*quick, ("tests", [[*PYTEST, "tests", "-m", "not slow and not browser and not soak"]], {})]
    return [
        *quick,
        ("strict site build", [["publishing", "clean"]], {}),
        ("site", [["publishing", "book"]], {}),
        ("tests", [[*PYTEST, *which] for which in TESTS], {}),
        ("notebooks", nbval, ONE_THREAD),
        ("notebooks, other processor", nbval, OTHER_PROCESSOR),
    ]


def run(step: Step) -> bool:
    """Run the commands of a step, two at a time; print their output when all are done."""
    name, commands, environment = step
    print(f"\n== {name}", flush=True)
    for command in commands:
        print("   python -m " + " ".join(command)[:150], flush=True)
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda command: _call(command, environment, alone=len(commands) == 1), commands))
    for process in done:
        if process.stdout:
            print(process.stdout.strip(), flush=True)
    print(f"   {time.perf_counter() - start:.0f} s", flush=True)
    return all(process.returncode == 0 for process in done)


def _call(command: list[str], environment: dict[str, str], alone: bool) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env={**os.environ, **environment}, text=True,
        stdout=None if alone else subprocess.PIPE, stderr=None if alone else subprocess.STDOUT,
    )  # fmt: skip


def main() -> int:
    """Run all steps; a failure does not stop the others, but counts."""
    failed = [step[0] for step in steps(fast="fast" in sys.argv[1:]) if not run(step)]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall steps passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
