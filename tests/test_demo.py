"""What `scripts/demo` shows holds, and shows no secret."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chat

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "examples" / "demo.py"


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}  # also where chat is not installed


def perform():
    return subprocess.run(
        [sys.executable, "-W", "error", DEMO],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=ENVIRONMENT,
    )


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = module  # where its dataclasses look for themselves
    spec.loader.exec_module(module)
    yield module
    del sys.modules["demo"]


@pytest.mark.slow
def test_all_scenes_hold_and_can_be_read():
    done = perform()
    assert (done.returncode, done.stderr) == (0, "")
    headings = re.findall(r"^── (\d)\. (.+?) ─+$", done.stdout, re.MULTILINE)
    assert [int(number) for number, _ in headings] == [1, 2, 3, 4, 5, 6]
    for program in ("ssh-keygen", "Python", "bash", "less"):
        assert any(program in title for _, title in headings)
    summary = done.stdout.partition("── what was seen ")[2]
    assert [title in summary for _, title in headings] == [True] * 6
    assert summary.count("✓") == 7
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    # A secret is given four times: twice to make the key, once each time it is opened.
    assert len(re.findall(r"you │ ••••$", done.stdout, re.MULTILINE)) == 4
    assert "an error\n" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals_that_want_them(no_color, coloured):
    environment = {**ENVIRONMENT, "NO_COLOR": no_color}
    done = chat.run([sys.executable, str(DEMO)], env=environment, timeout=50)
    assert done.ok
    assert ("\x1b[" in done.output) is coloured
    # Nothing else than colours: what the programs send to their terminals is shown as text.
    assert "\x1b" not in re.sub(r"\x1b\[[\d;]*m", "", done.output)
    assert "␛[7m" in done.output


def test_a_claim_that_does_not_hold_ends_it_with_a_clear_message(demo, monkeypatch, capsys):
    monkeypatch.setattr(demo, "make_key", lambda stage, *_: bad_scene(stage))
    assert demo.main() == 1
    shown = capsys.readouterr()
    assert shown.err == "✗ not so: water is dry\n"


def bad_scene(stage):
    with stage.scene("water"):
        stage.claim("water is wet", holds=True)
        stage.claim("water is dry", holds=False)


def test_a_missing_program_ends_it_with_a_clear_message(demo, monkeypatch, capsys):
    monkeypatch.setitem(demo.ENVIRONMENT, "PATH", "/nowhere")
    assert demo.main() == 1
    assert capsys.readouterr().err.startswith("✗ it failed: cannot start 'ssh-keygen': ")


def test_a_secret_that_shows_ends_it(demo, capsys):
    secret = chat.Secret("this-must-not-show")
    stage = demo.Stage()
    with stage.scene("a leak"):
        stage.print("so this-must-")
        stage.print("not-show")
    with pytest.raises(demo.UntrueError, match="secrets"):
        demo.summarise(stage, secret)
