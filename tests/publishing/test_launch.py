"""Notebooks for Colab and the archive: right for any repository, silent where nothing is missing, installable."""

import re
import subprocess
import sys
import zipfile

import pytest
from IPython.core.interactiveshell import InteractiveShell

from publishing.execute import read
from publishing.header import header
from publishing.launch import colab_folder, write_colab, write_zip
from publishing.lesson import ROOT, LessonError, read_lessons

FORK = "somebody/their-book"


@pytest.fixture(scope="module")
def lessons():
    return read_lessons()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, lessons):
    folder = tmp_path_factory.mktemp("colab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_REPOSITORY", FORK)
        write_colab(lessons, folder)
    return folder


def test_every_link_of_a_fork_leads_to_a_notebook_of_that_fork(folder, lessons, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", FORK)
    base = f"https://colab.research.google.com/github/{FORK}/blob/colab"
    assert colab_folder(f"https://github.com/{FORK}") == base
    for lesson in lessons.values():
        links = re.findall(r"in Colab\]\(([^)]+)\)", header(lesson, lessons, {}))
        assert len(links) == 2
        for link in links:
            assert link.startswith(base + "/")
            notebook = read(folder / link.removeprefix(base + "/"))
            assert f"git+https://github.com/{FORK}" in notebook.cells[1].source
            assert len(notebook.cells) > 10 and notebook.cells[0].source.startswith("# ")


def test_what_a_lesson_imports_is_installed(folder):
    def installs(name):
        return "\n".join(line for line in read(folder / name).cells[1].source.splitlines() if "%pip" in line)

    assert "live-deep-learning[torch,lessons] @" in installs("cnn/lenet.torch.ipynb")
    assert "live-deep-learning[paddle,lessons] @" in installs("cnn/lenet.paddle.ipynb")
    assert "[torch,lessons,deployment]" in installs("training/deployment.torch.ipynb")
    assert "[paddle,lessons,logging]" in installs("training/training-clinic.paddle.ipynb")
    assert "d2l" not in installs("cnn/lenet.torch.ipynb")
    assert "--no-deps d2l" in installs("mlp/linear-regression.torch.ipynb")


def test_where_the_package_is_there_the_first_cell_does_nothing(folder, capsys):
    shell = InteractiveShell()
    for notebook in ("cnn/lenet.torch.ipynb", "mlp/linear-regression.paddle.ipynb"):
        done = shell.run_cell(read(folder / notebook).cells[1].source)
        assert done.success and capsys.readouterr() == ("", "")


def test_without_a_repository_on_github_there_is_one_clear_error(tmp_path, monkeypatch, lessons):
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/their-book")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://gitlab.com")
    with pytest.raises(LessonError, match="GITHUB_REPOSITORY=owner/name"):
        write_colab(lessons, tmp_path)
    assert not list(tmp_path.iterdir())


def test_all_notebooks_fit_into_one_file_that_is_the_same_each_time(tmp_path, monkeypatch, lessons):
    monkeypatch.setenv("GITHUB_REPOSITORY", FORK)
    some = {name: lessons[name] for name in ("cnn/lenet", "tensors/tensors")}
    for name in ("one.zip", "two.zip"):
        write_zip(some, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    inside = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ipynb"))
    assert inside == [
        f"live-deep-learning/{name}.{framework}.ipynb"
        for name in ("cnn/lenet", "tensors/tensors")
        for framework in ("paddle", "torch")
    ]
    assert FORK in read(tmp_path / inside[0]).cells[1].source


@pytest.mark.slow
def test_installing_from_git_brings_all_that_a_notebook_needs(tmp_path):
    """What the cell asks pip for, without the network: the package with its widgets and recordings."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--target", str(tmp_path), f"git+{ROOT.as_uri()}"], check=True, capture_output=True)
    code = (
        "import lesson_utils; from lesson_utils.recorded import read; from lesson_utils.widgets import Convolution;"
        "assert len(read('regularization')); assert 'export default {' in Convolution()._esm;"
        "print(lesson_utils.__file__)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, text=True, capture_output=True
    )
    assert found.stdout.startswith(str(tmp_path)), found.stderr
