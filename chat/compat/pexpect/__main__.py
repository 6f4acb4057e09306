"""Run a script or a module with pexpect replaced: `python -m chat.compat.pexpect SCRIPT …`.

As with `python` itself, `-m MODULE` runs a module, `-c CODE` a text, and what follows is the
program's own: its arguments, its exit status, its errors.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from chat.compat.pexpect.swapping import take_its_place

USAGE = "usage: python -m chat.compat.pexpect SCRIPT | -m MODULE | -c CODE [ARGUMENT ...]\n"


def main(words: list[str]) -> int:
    """Run what the words say; the status if they say nothing that can be run."""
    if (
        not words
        or words[0] in ("-h", "--help")
        or (words[0] in ("-m", "-c") and not words[1:])
    ):
        asked = words[:1] in (["-h"], ["--help"])
        (sys.stdout if asked else sys.stderr).write(USAGE)
        return 0 if asked else 2
    take_its_place()
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
    else:
        sys.argv = words
        # Where Python finds a script's own modules: beside it, not where we were started.
        sys.path[0] = str(Path(words[0]).resolve().parent)
        runpy.run_path(words[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
