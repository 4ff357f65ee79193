"""Downloads against a server that misbehaves: never a bad file in the cache, never a good one lost."""

import hashlib
import http.server
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lesson_utils.data import download
from lesson_utils.data.download import DownloadError, File, fetch, unpack

CONTENT = np.random.default_rng(0).bytes(200_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """/good, /wrong, /short, /missing, /slow, /stuck: what their names say."""

    requests: list[str] = []

    def do_GET(self):
        kind = self.path.strip("/").split("/")[0]
        self.requests.append(kind)
        if kind == "missing":
            return self.send_error(404)
        content = b"not what you wanted" if kind == "wrong" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if kind == "short":
            self.wfile.write(content[: len(content) // 2])
            return self.connection.close()
        for start in range(0, len(content), 20_000):
            if kind in ("slow", "stuck"):
                time.sleep(0.05 if kind == "slow" else 3)
            try:
                self.wfile.write(content[start : start + 20_000])
            except OSError:
                return None
        return None

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LESSONS_MIRROR", raising=False)
    Handler.requests = []
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()


def file_at(server, *kinds, checksum=f"sha256:{SHA256}"):
    return File("sets/a.bin", checksum, tuple(f"{server}/{kind}" for kind in kinds))


def leftovers(path):
    return [entry.name for entry in path.parent.iterdir() if entry.name not in ("a.bin", "a.bin.lock")]


def test_good_file_is_fetched_once(server):
    path = fetch(file_at(server, "good"))
    assert path.read_bytes() == CONTENT and not leftovers(path)
    assert fetch(file_at(server, "good")) == path
    assert Handler.requests == ["good"]


@pytest.mark.parametrize("kind", ["wrong", "short", "missing"])
def test_bad_mirror_is_passed_over(server, kind):
    path = fetch(file_at(server, kind, "good"))
    assert path.read_bytes() == CONTENT and not leftovers(path)
    assert Handler.requests == [kind, "good"]


@pytest.mark.parametrize("kind", ["wrong", "short", "missing"])
def test_when_all_fail_the_message_says_what_to_do(server, kind, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch(file_at(server, kind))
    place = tmp_path / "cache" / "sets" / "a.bin"
    for part in (f"{server}/{kind}", "with a browser", str(place), SHA256):
        assert part in str(caught.value)
    assert not place.exists() and not leftovers(place)
    place.write_bytes(CONTENT)  # by hand, as told
    assert fetch(file_at(server, kind)) == place


def test_own_mirror_is_asked_first(server, monkeypatch):
    monkeypatch.setenv("LESSONS_MIRROR", f"{server}/good/")
    fetch(file_at(server, "missing"))
    assert Handler.requests == ["good"]


def test_bad_file_in_the_cache_is_replaced_and_a_good_one_kept(server, tmp_path):
    place = tmp_path / "cache" / "sets" / "a.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[:1000])
    with pytest.raises(DownloadError):
        fetch(file_at(server, "missing"))
    assert fetch(file_at(server, "good")).read_bytes() == CONTENT
    assert fetch(file_at(server, "missing")).read_bytes() == CONTENT


def test_stuck_server_is_given_up(server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    assert fetch(file_at(server, "stuck", "slow")).read_bytes() == CONTENT


@pytest.mark.parametrize("algorithm", ["md5", "sha1"])
def test_publishers_older_checksums(server, algorithm):
    digest = hashlib.new(algorithm, CONTENT).hexdigest()
    assert fetch(file_at(server, "good", checksum=f"{algorithm}:{digest}")).exists()


def fetch_and_check(file):
    return fetch(file).read_bytes() == CONTENT


def test_eight_processes_at_once_download_once(server):
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        assert all(pool.map(fetch_and_check, [file_at(server, "slow")] * 8))
    assert Handler.requests == ["slow"]


def test_killed_in_the_middle(server, tmp_path):
    code = "from lesson_utils.data.download import File, fetch; import sys; fetch(File(*eval(sys.argv[1])))"
    file = file_at(server, "stuck")
    arguments = repr((file.name, file.checksum, file.urls))
    child = subprocess.Popen([sys.executable, "-c", code, arguments], cwd=Path(__file__).parents[3])
    while not Handler.requests:
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "cache" / "sets" / "a.bin").exists()
    assert fetch(file_at(server, "good")).read_bytes() == CONTENT  # and the lock is free again


def tar_of(path, members):
    with tarfile.open(path, "w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_unpack(tmp_path):
    tar_of(tmp_path / "good.tar", [(tarfile.TarInfo("folder/a.txt"), b"hello")])
    folder = unpack(tmp_path / "good.tar")
    assert (folder / "folder" / "a.txt").read_bytes() == b"hello" and unpack(tmp_path / "good.tar") == folder


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "C:/evil", "..\\evil"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_members_outside_of_the_folder_are_refused(tmp_path, name, kind):
    archive = tmp_path / "deep" / f"bad.{kind}"
    archive.parent.mkdir()
    if kind == "tar":
        tar_of(archive, [(tarfile.TarInfo("good"), b""), (tarfile.TarInfo(name), b"evil")])
    else:
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("good", b"")
            zipped.writestr(zipfile.ZipInfo(name), b"evil")
    with pytest.raises(ValueError, match="outside of its folder"):
        unpack(archive)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad." + kind, f"bad.{kind}.lock", "deep"]


def test_link_out_of_the_folder_is_refused(tmp_path):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "../../etc/passwd"
    tar_of(tmp_path / "bad.tar", [(link, b"")])
    with pytest.raises(ValueError, match="must not be unpacked"):
        unpack(tmp_path / "bad.tar")
    assert not (tmp_path / "bad.tar.d").exists()
