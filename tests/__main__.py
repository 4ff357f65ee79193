"""Everything that must hold: ``python -m tests``; what to run every few minutes: ``python -m tests fast``.

Each step is a command that can be run by hand; the first line of a step shows it. ``python -m tests notebooks``
repeats every notebook on both kinds of processor, which takes twice as long as the whole test needs for it.
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
# Two commands run at a time: threads of both on the same two cores would mostly wait for each other.
THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ONE_THREAD = THREADS | {"CUDA_VISIBLE_DEVICES": "", "TQDM_DISABLE": "1"}
# What an older processor would compute: other vector instructions and another number of threads. Two kernels with
# two threads each share the cores, so a thread that waits should sleep and not spin.
OTHER_PROCESSOR = ONE_THREAD | {
    "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "2",
    "OMP_WAIT_POLICY": "PASSIVE",
}  # fmt: skip

# The longest first: two commands run at a time.
TESTS = [
    ["tests", "-m", "not browser and not soak"],
    ["tests/widgets", "-m", "browser"],
    ["tests", "--ignore=tests/widgets", "-m", "browser"],
]

Command = tuple[list[str], dict[str, str]]  # arguments, environment
Step = tuple[str, list[Command]]  # name, commands that run two at a time


def notebooks(chapter: Path, which: int) -> list[str]:
    """Half of a chapter: a lesson's PyTorch notebook is in one half, its Paddle notebook in the other."""
    paths = []
    for i, path in enumerate(sorted(chapter.glob("*.torch.ipynb"))):
        framework = ("torch", "paddle")[(i + which) % 2]
        paths.append(path.relative_to(ROOT).as_posix().replace(".torch.", f".{framework}."))
    return paths


def nbval(which: int, environment: dict[str, str]) -> list[Command]:
    """Repeat half of the notebooks as one kind of processor would: a command a chapter, so that none is long."""
    chapters = sorted({path.parent for path in ROOT.glob("book/*/*.torch.ipynb")})
    halves = [notebooks(chapter, which) for chapter in chapters]
    return [([*NBVAL, *paths], environment) for paths in halves if paths]


def steps(which: str) -> list[Step]:
    """What is run, in order: the cheapest to fail comes first."""
    # Every lesson meets both kinds of processor, in one framework each.
    once = [*nbval(0, ONE_THREAD), *nbval(1, OTHER_PROCESSOR)]
    quick: list[Step] = [
        ("style", [(["ruff", "check", "."], {}), (["ruff", "format", "--check", "."], {})]),
        ("types", [(["mypy"], {})]),
        ("sources and notebooks", [(["publishing", "check"], {})]),
    ]
    if which == "fast":
        return [*quick, ("tests", [([*PYTEST, "tests", "-m", "not slow and not browser and not soak"], THREADS)])]
    if which == "notebooks":
        return [("notebooks", [*once, *nbval(1, ONE_THREAD), *nbval(0, OTHER_PROCESSOR)])]
    return [
        *quick,
        ("strict site build", [(["publishing", "clean"], {})]),
        ("site", [(["publishing", "book"], {})]),
        ("tests and notebooks", [*[([*PYTEST, *chosen], THREADS) for chosen in TESTS], *once]),
    ]


def run(step: Step) -> bool:
    """Run the commands of a step, two at a time; print what each wrote, whole, when it is done."""
    name, commands = step
    print(f"\n== {name}", flush=True)
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        passed = list(pool.map(lambda command: _call(*command, alone=len(commands) == 1), commands))
    print(f"   {time.perf_counter() - start:.0f} s", flush=True)
    return all(passed)


def _call(command: list[str], environment: dict[str, str], alone: bool) -> bool:
    start, words = time.perf_counter(), "   python -m " + " ".join(command)
    if alone:
        print(words, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env={**os.environ, **environment}, text=True,
        stdout=None if alone else subprocess.PIPE, stderr=None if alone else subprocess.STDOUT,
    )  # fmt: skip
    if not alone:  # in one piece, since another command is writing too
        print(f"{words}\n{done.stdout.strip()}\n   {time.perf_counter() - start:.0f} s\n", flush=True)
    return done.returncode == 0


def main() -> int:
    """Run all steps; a failure does not stop the others, but counts."""
    which = " ".join(sys.argv[1:])
    if which not in ("", "fast", "notebooks"):
        sys.exit(f"error: it is `python -m tests [fast | notebooks]`, not {which!r}")
    failed = [step[0] for step in steps(which) if not run(step)]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall steps passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
