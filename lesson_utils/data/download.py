"""Download a file so that the cache never holds a bad one, and unpack an archive likewise."""

import os
import shutil
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pooch
from filelock import FileLock
from pooch.hashes import hash_matches

TIMEOUT = 30  # seconds without a byte after which the next mirror is asked


class DownloadError(OSError):
    """No mirror gave the file; the message says how to get it by hand."""


@dataclass(frozen=True)
class File:
    """A file to download.

    Parameters
    ----------
    name : str
        Path within the cache.
    checksum : str
        ``"md5:…"``, ``"sha1:…"`` or ``"sha256:…"``, as published.
    urls : tuple of str
        Mirrors, asked in this order.
    """

    name: str
    checksum: str
    urls: tuple[str, ...]


def cache_folder() -> Path:
    """``LESSONS_CACHE``, or the user's cache folder."""
    return Path(os.environ.get("LESSONS_CACHE") or pooch.os_cache("live-deep-learning"))


def cached(file: File) -> bool:
    """Whether the file is in the cache; `fetch` also verifies it."""
    return (cache_folder() / file.name).exists()


def fetch(file: File, progress: bool = False) -> Path:
    """Download a file, unless it is there already.

    It is downloaded beside its place, verified, and only then moved there. A file that was put there by
    hand is taken if its checksum is right. Processes that want the same file wait for the first.

    Parameters
    ----------
    file : File
        What to download. ``LESSONS_MIRROR``, the address of a folder, is asked before its mirrors.
    progress : bool
        Show a bar.

    Returns
    -------
    Path
        The file in the cache.

    Raises
    ------
    DownloadError
        If no mirror gave it.
    """
    path = cache_folder() / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if path.exists() and hash_matches(str(path), file.checksum):
            return path
        own = os.environ.get("LESSONS_MIRROR")
        urls = ((f"{own.rstrip('/')}/{file.name}",) if own else ()) + file.urls
        failures = []
        for url in urls:
            try:
                _download(url, path, file.checksum, progress)
                return path
            except (OSError, ValueError) as error:  # requests' errors are OSErrors
                failures.append(f"  {url}\n    {' '.join(str(error).split())[:160]}")
    raise DownloadError(
        f"{file.name} could not be downloaded:\n" + "\n".join(failures) + "\nDownload it with a "
        f"browser and save it as\n  {path}\nIt is used if it has the checksum {file.checksum}."
    )


def _download(url: str, path: Path, checksum: str, progress: bool) -> None:
    with tempfile.TemporaryDirectory(prefix=".part-", dir=path.parent) as folder:
        part = Path(folder) / path.name
        pooch.HTTPDownloader(progressbar=progress, timeout=TIMEOUT)(url, str(part), None)
        if not hash_matches(str(part), checksum):
            raise ValueError(f"{part.stat().st_size} bytes with a wrong checksum")
        os.replace(part, path)


def unpack(archive: Path) -> Path:
    """Unpack a zip or tar file beside itself, all of it or nothing.

    Parameters
    ----------
    archive : Path
        A file of the cache.

    Returns
    -------
    Path
        Folder with its members.

    Raises
    ------
    ValueError
        If a member would land outside of the folder, or is a link or a device.
    """
    target = archive.with_name(f"{archive.name}.d")
    with FileLock(f"{archive}.lock"):
        if target.exists():
            return target
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=archive.parent))
        try:
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as zipped:
                    _check_names(archive, zipped.namelist())
                    zipped.extractall(part)
            else:
                with tarfile.open(archive) as tarred:
                    _check_names(archive, [member.name for member in tarred.getmembers()])
                    tarred.extractall(part, filter="data")
            os.replace(part, target)
        except tarfile.FilterError as error:
            raise ValueError(f"{archive} has a member that must not be unpacked: {error}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target


def _check_names(archive: Path, names: list[str]) -> None:
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise ValueError(f"{archive} has a member outside of its folder: {name!r}")
