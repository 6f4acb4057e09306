"""Programs that import pexpect, not changed in one letter, have the drop-in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect as theirs
import pytest

import chat.compat.pexpect as ours
from chat.compat import pexpect

SCRIPT = """
import sys, pexpect, pexpect.fdpexpect
from pexpect import pxssh, replwrap, popen_spawn, ANSI, FSM, screen
from pexpect.exceptions import EOF
from pexpect.pty_spawn import spawn
from pexpect.run import run
child = pexpect.spawn("echo", ["hello"], encoding="utf-8")
child.expect("hel+o")
print(type(child).__module__, spawn is pexpect.spawn, run is pexpect.run, EOF is pexpect.EOF)
print(pexpect.fdpexpect.fdspawn.__module__, sys.argv[1:], __name__, child.after)
sys.exit(3)
"""

SAID = """\
chat.compat.pexpect.pty_spawn True True True
chat.compat.pexpect.fdpexpect ['-x', 'y'] __main__ hello
"""


def run(*words, **variables):
    return subprocess.run(
        [sys.executable, "-W", "ignore", *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_script_is_run_unchanged(tmp_path):
    (tmp_path / "beside.py").write_text("word = 'found'\n")
    script = tmp_path / "script.py"
    script.write_text(f"import beside; assert beside.word\n{SCRIPT}")
    done = run("-m", "chat.compat.pexpect", str(script), "-x", "y")
    assert (done.stdout, done.returncode) == (SAID, 3), done.stderr


def test_a_module_and_a_text_are_run_unchanged(tmp_path):
    (tmp_path / "mod.py").write_text(SCRIPT)
    done = run("-m", "chat.compat.pexpect", "-m", "mod", "-x", "y", PYTHONPATH=str(tmp_path))
    assert (done.stdout, done.returncode) == (SAID, 3), done.stderr
    done = run("-m", "chat.compat.pexpect", "-c", SCRIPT, "-x", "y")
    assert (done.stdout, done.returncode) == (SAID, 3), done.stderr


def test_an_error_is_the_scripts_own(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import pexpect\npexpect.spawn('no-such-command')\n")
    done = run("-m", "chat.compat.pexpect", str(script))
    assert done.returncode == 1
    assert "ExceptionPexpect: The command was not found" in done.stderr


def test_it_says_how_it_is_used():
    for words, status in ((["--help"], 0), ([], 2), (["-m"], 2)):
        done = run("-m", "chat.compat.pexpect", *words)
        assert (done.returncode, "usage:" in done.stdout + done.stderr) == (status, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "module"), [("1", "chat.compat.pexpect"), ("", "pexpect")]
)
def test_pytest_has_it_if_the_environment_says_so(tmp_path, variable, module):
    test = tmp_path / "test_it.py"
    test.write_text(
        "pytest_plugins = ['pytester']\n"
        "def test_it(pytester):\n"
        "    child = pytester.spawn('echo hello')\n"
        "    child.expect('hello')\n"
        f"    assert type(child).__module__ == '{module}.pty_spawn'\n"
        "    child.wait(); child.close()\n"
    )
    done = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(test)),
        CHAT_COMPAT_PEXPECT=variable,
    )
    assert done.returncode == 0, done.stdout


def test_nothing_of_pexpects_is_missing():
    public = {name for name in vars(theirs) if not name.startswith("_")} - {"sys", "run"}
    modules = {name for name in public if isinstance(getattr(theirs, name), type(sys))}
    assert sorted(public - modules - set(vars(ours))) == []
    assert set(theirs.__all__) <= set(vars(ours))
    assert ours.__version__ == theirs.__version__


def test_every_module_of_pexpects_is_to_be_had_here():
    folder = Path(theirs.__file__).parent
    for path in sorted(folder.glob("[!_]*.py")):
        done = run("-c", f"import chat.compat.pexpect.{path.stem}")
        assert done.returncode == 0, done.stderr


def test_every_call_on_the_migration_page_exists():
    page = (Path(ours.__file__).parent / "MIGRATING.md").read_text("utf-8")
    told = set(re.findall(r"`?session\.([a-z_]+)", page)) | {"expect"}
    from chat.session import Session

    assert sorted(name for name in told if not hasattr(Session, name)) in ([], ["timeout"])
    import chat

    for name in set(re.findall(r"chat\.([A-Za-z_]+)", page)) - {"compat"}:
        assert hasattr(chat, name), name


def test_what_bash_kernels_look_for_beside_pexpect_is_there(tmp_path):
    (tmp_path / ".bashrc").write_text("PROMPT_COMMAND='PS1=never'; kept=yes\n")
    settings = Path(pexpect.__file__).with_name("bashrc.sh")
    env = {**os.environ, "HOME": str(tmp_path), "TERM": "dumb"}
    child = pexpect.spawn("bash", ["--rcfile", str(settings)], echo=False, env=env, timeout=20)
    child.expect_exact("$")
    child.sendline("echo =$kept=")
    child.expect_exact("=yes=\r\n$")
    child.close()
