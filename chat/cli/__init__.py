"""The command `chat`: what can be done with a program from a terminal, without Python."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from chat._version import __version__

USAGE_ERROR: Final = 2
"""The exit status that says the command line made no sense, as argparse has it."""


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line; each subcommand adds itself here."""
    parser = argparse.ArgumentParser(
        prog="chat",
        description="Hold conversations with programs: wait for what they say, and answer.",
    )
    parser.add_argument("--version", action="version", version=f"chat {__version__}")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and say how it went.

    Args:
        arguments: The words after the command's name. Left out: those of this process.

    Returns:
        The exit status for the shell: 2 when there was nothing to do.

    Raises:
        SystemExit: The command line asked for help or the version (0), or makes no
            sense (2).
    """
    parser = make_parser()
    parser.parse_args(arguments)
    parser.print_help(sys.stderr)
    return USAGE_ERROR
