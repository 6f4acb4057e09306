"""The loop of a Python shell: it reads cells, runs each, and marks where its output ends.

This file's text runs in whatever Python the shell is for. It imports nothing of `chat`, and
keeps to what Python 3.6 knows.

A message is a line `half half input`, the two halves of a nonce and whether the cell's
standard input is the `terminal` or `nothing`; then lines of `+` and a piece of the cell with
its escapes; then a line with a dot.
"""

import ast
import linecache
import os
import signal
import sys
import traceback
import types

ERROR = 1
INTERRUPTED = 130  # what a shell says of a program that Ctrl-C has ended


class Cells:
    """The state between cells: the module they share, and the descriptors that stay ours.

    Args:
        hello: A nonce to say at the start, if somebody waits for that.
    """

    def __init__(self, hello: str) -> None:
        self.terminal = os.dup(0)  # cells may have another standard input
        self.marks = os.dup(1)  # and another standard output
        self.nothing = os.open(os.devnull, os.O_RDONLY)
        self.input = "terminal"
        self.received = b""
        self.nonce = hello
        self.count = 0
        self.interrupts = signal.getsignal(signal.SIGINT)  # how the cells handle Ctrl-C
        module = types.ModuleType("__main__")
        module.__dict__["__builtins__"] = __builtins__
        sys.modules["__main__"] = module
        self.namespace = module.__dict__

    def loop(self) -> None:
        """Run cells until the terminal is closed, or one of them ends Python."""
        signal.signal(signal.SIGINT, self.interrupted)
        if self.nonce:
            self.mark(f"{self.nonce} 0")
        while True:
            wanted, text = self.read_message()
            self.choose_input(wanted)
            self.mark(self.nonce)
            try:
                status = self.run(text)
            except KeyboardInterrupt:  # it came just behind the cell
                status = INTERRUPTED
            self.mark(f"{self.nonce} {status}")

    def mark(self, text: str) -> None:
        """Say where we are."""
        os.write(self.marks, f"\x1e{text}\x1e".encode("ascii"))

    def interrupted(self, *_: object) -> None:
        """Ctrl-C between cells: say once more where we are, as a shell repeats its prompt."""
        self.mark(f"{self.nonce} {INTERRUPTED}")

    def read_message(self) -> "tuple[str, str]":  # quoted: 3.6 cannot read it
        """The next message's input and cell; other lines are nobody's."""
        while True:
            header = self.read_line().split(" ")
            if len(header) == 3 and header[2] in ("terminal", "nothing"):
                break
        pieces = []
        while True:
            line = self.read_line()
            if not line.startswith("+"):
                break
            pieces.append(line[1:])
        self.nonce = header[0] + header[1]
        return header[2], "".join(pieces).encode("ascii").decode("unicode_escape")

    def read_line(self) -> str:
        """The next line from the terminal."""
        while b"\n" not in self.received:
            data = os.read(self.terminal, 65536)
            if not data:
                raise SystemExit(0)
            self.received += data.replace(b"\r", b"\n")
        line, self.received = self.received.split(b"\n", 1)
        return line.decode("ascii", "replace")

    def choose_input(self, wanted: str) -> None:
        """Make the terminal, or nothing, the standard input."""
        if wanted != self.input:
            os.dup2(self.terminal if wanted == "terminal" else self.nothing, 0)
            self.input = wanted

    def run(self, text: str) -> int:
        """Run a cell, and say its status."""
        status = 0
        try:
            signal.signal(signal.SIGINT, self.interrupts)
            try:
                self.execute(text)
            finally:
                self.flush()
        except SystemExit:
            raise
        except KeyboardInterrupt:
            status = INTERRUPTED
            self.complain()
        except BaseException:  # noqa: BLE001  # whatever it is, it is the cell's
            status = ERROR
            self.complain()
        finally:
            self.interrupts = signal.getsignal(signal.SIGINT)
            signal.signal(signal.SIGINT, self.interrupted)
        self.flush()
        return status

    def execute(self, text: str) -> None:
        """Run a cell as a notebook does: show the value of an expression at its end."""
        self.count += 1
        name = f"<cell {self.count}>"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        tree = ast.parse(text, name)
        ends_in_value = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
        last = [tree.body.pop()] if ends_in_value else []
        run = exec  # running what one is given is what a REPL is
        run(compile(tree, name, "exec", 0, True), self.namespace)
        if last:
            run(compile(ast.Interactive(last), name, "single", 0, True), self.namespace)

    def flush(self) -> None:
        """Have everything said before the mark."""
        for stream in (sys.stdout, sys.stderr):
            try:  # noqa: SIM105  # contextlib would be one more module at start
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass  # the cell has replaced or closed it

    def complain(self) -> None:
        """Print the traceback of a cell, without the frames of this file."""
        kind, error, trace = sys.exc_info()
        while trace is not None and trace.tb_frame.f_globals is globals():
            trace = trace.tb_next
        of_cell = trace is not None and trace.tb_frame.f_globals is ast.__dict__
        # Of a NUL, Python before 3.11.4 says ValueError.
        if of_cell and isinstance(error, (SyntaxError, ValueError)):
            trace = None  # the cell itself is wrong, not something it has run
        traceback.print_exception(kind, error, trace)


Cells(globals().get("hello", "")).loop()
