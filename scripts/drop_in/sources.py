"""Source distributions from PyPI, fetched once and unpacked below `.cache`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = ROOT / ".cache" / "drop-in"

PEXPECT: Final = "4.9.0"
"""The version whose behaviour is promised."""

SHIM: Final = '''\
"""Gives chat.compat.pexpect to whoever imports pexpect from here."""
import sys
_here = __file__.rpartition("/pexpect/")[0]
_path = sys.path[:]
sys.path[:] = [each for each in _path if each and each != _here]
del sys.modules["pexpect"]
from chat.compat.pexpect.swapping import take_its_place
take_its_place()
sys.path[:] = _path
'''
"""Programs that the tests start import pexpect from beside the tests; they find this there."""


def unpacked(name: str, release: str, purpose: str) -> Path:
    """A fresh copy of a source distribution, for one purpose."""
    archive = CACHE / f"{name}-{release}.tar.gz"
    if not archive.exists():
        fetch(name, release)
    place = CACHE / purpose
    shutil.rmtree(place, ignore_errors=True)
    with tarfile.open(archive) as packed:
        # Python before 3.11.4 knows no filters, and takes each member as it is.
        safe: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        packed.extractall(place, **safe)  # noqa: S202  (what pip has fetched and checked)
    return place / f"{name}-{release}"


def fetch(name: str, release: str) -> None:
    """Download a source distribution."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = ["--no-binary", ":all:", "--no-deps", f"{name}=={release}"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
    subprocess.run([*pip, *wanted, "-d", str(CACHE)], check=True)


def pexpect_source(*, swapped: bool) -> Path:
    """Pexpect's source, in which pexpect is itself or stands for ours."""
    source = unpacked("pexpect", PEXPECT, "swapped" if swapped else "itself")
    if swapped:
        shutil.rmtree(source / "pexpect")
        (source / "pexpect").mkdir()
        (source / "pexpect" / "__init__.py").write_text(SHIM, "ascii")
    return source


def pytest_source(*, swapped: bool) -> Path:
    """The source of the pytest that is installed."""
    return unpacked("pytest", version("pytest"), "pytest-swapped" if swapped else "pytest")
