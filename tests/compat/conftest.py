"""What the tests of the drop-in share: its children, ended with the test."""

from __future__ import annotations

import pytest

from chat.compat import pexpect
from chat.testing import python_command


@pytest.fixture
def start():
    """Start a command under the drop-in."""
    started = []

    def make(command, *arguments, **options):
        child = pexpect.spawn(command, list(arguments), **{"timeout": 10, **options})
        started.append(child)
        return child

    yield make
    for child in started:
        child.close()


@pytest.fixture
def start_python(start):
    """Start some lines of Python under the drop-in."""

    def make(code, **options):
        return start(*python_command(code), **options)

    return make
