"""Run what is stale, keep what is not."""

import json
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from publishing.lesson import BOOK, FRAMEWORKS, ROOT, SOURCES, Lesson, LessonError, place
from publishing.outputs import keep_recorded, normalise
from publishing.split import split

RUNS = BOOK / "runs.json"
TIMEOUT = 300  # seconds a cell may take: far above the budget, so that only what hangs is cut off
# One thread and no GPU: the page shows what every laptop shows, and two kernels fit beside each other.
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": "",
    "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1", "COLUMNS": "100",
}  # fmt: skip


def is_stale(lesson: Lesson, framework: str) -> bool:
    """Whether the committed notebook was executed from other code than the lesson has now."""
    path = lesson.notebook(framework)
    return not path.exists() or _hash_in(read(path)) != _hash_in(split(lesson, framework))


def refresh(lesson: Lesson, framework: str) -> NotebookNode:
    """The notebook with today's text and the recorded outputs, for a lesson whose code has not changed."""
    notebook = split(lesson, framework)
    recorded = [cell for cell in read(lesson.notebook(framework)).cells if cell.cell_type == "code"]
    for cell, before in zip([c for c in notebook.cells if c.cell_type == "code"], recorded, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return notebook


def bring_up_to_date(lessons: dict[str, Lesson], force: bool = False, record: bool = False) -> list[str]:
    """Execute what is stale and refresh the text of the rest.

    Parameters
    ----------
    lessons : dict of str to Lesson
    force : bool
        Execute everything. Recorded outputs of volatile cells stay, so that an unchanged lesson leaves no diff.
    record : bool
        Execute everything and record volatile outputs and run times anew.

    Returns
    -------
    list of str
        What was executed, ``"cnn/lenet (torch)"``.

    Raises
    ------
    LessonError
        For the first cell that raised, hung or killed its kernel. Its notebook stays as it was.
    """
    jobs = [(lesson, framework) for lesson in lessons.values() for framework in FRAMEWORKS]
    stale = {(lesson.id, framework) for lesson, framework in jobs if force or record or is_stale(lesson, framework)}
    for lesson, framework in jobs:
        if (lesson.id, framework) not in stale:
            write(refresh(lesson, framework), lesson.notebook(framework))
    # Two kernels side by side, but one at a time where run times go on record.
    with ThreadPoolExecutor(max_workers=1 if record else 2) as pool:
        waiting = [
            pool.submit(_execute_and_write, lesson, framework, record)
            for lesson, framework in jobs
            if (lesson.id, framework) in stale
        ]
        errors = [future.exception() for future in waiting]
    _record_runs(dict(future.result() for future in waiting if not future.exception()))
    for error in filter(None, errors):
        raise error
    return sorted(f"{lesson_id} ({framework})" for lesson_id, framework in stale)


def execute(lesson: Lesson, framework: str) -> tuple[NotebookNode, float]:
    """Run a lesson in a fresh kernel.

    Parameters
    ----------
    lesson : Lesson
    framework : {"torch", "paddle"}

    Returns
    -------
    notebook : NotebookNode
        With normalised outputs.
    seconds : float
        From the first cell to the last, imports included.

    Raises
    ------
    LessonError
        If a cell raises, takes longer than `TIMEOUT` or kills its kernel.
    """
    notebook = split(lesson, framework)
    sockets = TemporaryDirectory()
    client = NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", store_widget_state=False, record_timing=False,
        config=_transport(sockets.name),
        resources={"metadata": {"path": str(lesson.notebook(framework).parent)}},
    )  # fmt: skip
    lesson.notebook(framework).parent.mkdir(parents=True, exist_ok=True)
    print(f"executing {lesson.id} ({framework})", flush=True)
    try:
        with sockets, client.setup_kernel(env={**os.environ, **KERNEL_ENVIRONMENT}):
            start = time.perf_counter()
            _run_cells(client, lesson, framework)
            seconds = time.perf_counter() - start
    except DeadKernelError as error:
        raise LessonError(f"{lesson.id} ({framework}): the kernel died; is there enough memory?") from error
    normalise(notebook)
    return notebook, seconds


def _transport(folder: str) -> Config:
    if os.name != "posix":
        return Config()
    # Sockets in a folder of ours: nobody else can listen, and no two kernels ask for one port.
    return Config({"KernelManager": {"transport": "ipc", "ip": str(Path(folder, "kernel"))}})


def _run_cells(client: NotebookClient, lesson: Lesson, framework: str) -> None:
    cells = client.nb.cells
    for index, cell in enumerate(cells):
        try:
            client.execute_cell(cell, index)
        except CellTimeoutError as error:
            where = f"{lesson.id} ({framework}): {place(cells, cell)}"
            raise LessonError(f"{where}: took more than {TIMEOUT} s") from error
        except CellExecutionError as error:
            where = f"{lesson.id} ({framework}): {place(cells, cell)}"
            first_line = str(error.evalue).strip().split("\n")[0]
            raise LessonError(f"{where}: {error.ename}: {first_line}") from error


def _execute_and_write(lesson: Lesson, framework: str, record: bool) -> tuple[tuple[str, str], float | None]:
    path = lesson.notebook(framework)
    unchanged = not is_stale(lesson, framework) and not record
    notebook, seconds = execute(lesson, framework)
    if unchanged:
        keep_recorded(notebook, read(path))
    write(notebook, path)
    return (lesson.id, framework), None if unchanged else seconds


def _record_runs(seconds: dict[tuple[str, str], float | None]) -> None:
    """Note when, where and how fast a lesson ran, beside the outputs of that run."""
    before = json.loads(RUNS.read_text()) if RUNS.exists() else {}
    runs = {lesson_id: dict(entry) for lesson_id, entry in before.items() if (SOURCES / f"{lesson_id}.md").exists()}
    for (lesson_id, framework), value in seconds.items():
        if value is not None:
            runs.setdefault(lesson_id, {})[framework] = _provenance(framework, value)
    if runs != before:
        RUNS.write_text(json.dumps(runs, indent=1, sort_keys=True) + "\n")


def _provenance(framework: str, seconds: float) -> dict[str, str | float]:
    package = {"torch": "torch", "paddle": "paddlepaddle"}[framework]
    return {
        "date": date.today().isoformat(), "seconds": round(seconds, 1), "python": platform.python_version(),
        "framework": f"{package} {version(package)}", "numpy": version("numpy"), "processor": _processor(),
    }  # fmt: skip


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return f"{model or platform.processor() or platform.machine()}, 1 thread"


def read(path: Path) -> NotebookNode:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook if it differs from what is there, whole or not at all."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _hash_in(notebook: NotebookNode) -> str:
    return notebook.metadata.get("lesson", {}).get("code_hash", "")
