"""Claims about the whole: names, version, change list, scripts and examples agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import chat
from chat._version import __version__
from chat.cli import main

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())

# They wait for somebody else, or end otherwise than with 0: tests/test_perlipc_pipes.py and
# tests/compat/test_comm_examples.py perform them together, and look at what they say.
IN_COMPANY = {
    *("fifo_signature.py", "semaphore_give.py", "semaphore_take.py", "signals.py"),
    *("rebroadcast_client.py", "rebroadcast_server.py", "udp_receive.py", "udp_send.py"),
}
STAGES = ("test_perlipc_pipes.py", "compat/test_comm_examples.py")
EXAMPLES = sorted(
    path for path in (ROOT / "examples").rglob("*.py") if path.name not in IN_COMPANY
)


CHANGES = (ROOT / "CHANGELOG.md").read_text("utf-8")


def names(paths):
    return [path.name for path in paths]


def test_the_exported_names_are_real_and_listed_once():
    assert len(set(chat.__all__)) == len(chat.__all__)
    assert [name for name in chat.__all__ if not hasattr(chat, name)] == []


def test_the_exported_names_are_sorted_as_ruff_sorts_them():
    """Constants, then classes, then the rest; each by the alphabet."""

    def kind(name):
        return 0 if name.isupper() else 1 if name[0].isupper() else 2

    assert chat.__all__ == sorted(chat.__all__, key=lambda name: (kind(name), name))


def test_whatever_of_its_own_the_package_names_is_exported():
    """A public name in `chat` is a promise, or it is not there."""
    ours = {
        name
        for name, value in vars(chat).items()
        if str(getattr(value, "__module__", "")).startswith("chat.")
    }
    public = {name for name in ours if not name.startswith("_")}
    assert public - set(chat.__all__) == set()


def test_the_change_list_begins_with_this_version():
    headings = re.findall(r"^## \[([^]]+)\]", CHANGES, re.MULTILINE)
    assert headings[0] == __version__ == chat.__version__


def test_the_change_list_is_in_full_sentences():
    entries = re.split(r"^- ", CHANGES, flags=re.MULTILINE)[1:]
    loose = [entry for entry in entries if not entry.split("\n\n")[0].strip().endswith(".")]
    assert loose == []


def test_each_dependency_says_why_it_is_there():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = tomllib.loads(text)["project"]["dependencies"]
    for requirement in listed:
        above = text.split(f'    "{requirement}"')[0].rstrip("\n").rpartition("\n")[2]
        assert above.strip().startswith("#"), f"{requirement} needs its reason above it"


@pytest.mark.parametrize("script", SCRIPTS, ids=names(SCRIPTS))
def test_a_script_can_be_run_and_says_what_for(script):
    assert os.access(script, os.X_OK)
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    shebang, header, *_ = script.read_text("utf-8").splitlines()
    assert shebang == "#!/usr/bin/env bash"
    assert done.stdout.splitlines()[0] == header.removeprefix("# ")


def test_there_are_examples():
    assert EXAMPLES


def test_an_example_that_needs_company_is_performed_elsewhere():
    performed = "".join((ROOT / "tests" / stage).read_text("utf-8") for stage in STAGES)
    assert {name for name in IN_COMPANY if f'"{name}"' not in performed} == set()


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=names(EXAMPLES))
def test_an_example_runs(example, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", example],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_the_command_says_its_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"chat {__version__}\n"


def test_the_command_says_what_it_is_for(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "usage: chat" in capsys.readouterr().out


def test_the_command_alone_shows_its_help_as_an_error(capsys):
    assert main([]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "usage: chat" in shown.err


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "chat", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"chat {__version__}\n"
