"""Keys and control characters by name, and the bytes a terminal sends for them.

Sequences are those of xterm in its normal modes (xterm's *ctlseqs*, "PC-Style Function
Keys"), which the terminfo entries `xterm`, `xterm-256color`, `screen` and `tmux` share.
"""

from __future__ import annotations

from typing import Final

from chat.errors import UnknownKey

CONTROL: Final[dict[str, str]] = {
    **{chr(code): chr(code - 64) for code in range(ord("A"), ord("Z") + 1)},
    "@": "\x00",
    "SPACE": "\x00",
    "[": "\x1b",
    "\\": "\x1c",
    "]": "\x1d",
    "^": "\x1e",
    "_": "\x1f",
    "/": "\x1f",
    "?": "\x7f",
}
"""What Ctrl and a key send: the key's code without its upper bits (ASCII, ECMA-48 C0)."""

KEYS: Final[dict[str, str]] = {
    "ENTER": "\r",
    "RETURN": "\r",
    "TAB": "\t",
    "ESCAPE": "\x1b",
    "ESC": "\x1b",
    "SPACE": " ",
    "BACKSPACE": "\x7f",
    "UP": "\x1b[A",
    "DOWN": "\x1b[B",
    "RIGHT": "\x1b[C",
    "LEFT": "\x1b[D",
    "HOME": "\x1b[H",
    "END": "\x1b[F",
    "INSERT": "\x1b[2~",
    "DELETE": "\x1b[3~",
    "PAGEUP": "\x1b[5~",
    "PAGEDOWN": "\x1b[6~",
    "SHIFT-TAB": "\x1b[Z",
    "F1": "\x1bOP",
    "F2": "\x1bOQ",
    "F3": "\x1bOR",
    "F4": "\x1bOS",
    "F5": "\x1b[15~",
    "F6": "\x1b[17~",
    "F7": "\x1b[18~",
    "F8": "\x1b[19~",
    "F9": "\x1b[20~",
    "F10": "\x1b[21~",
    "F11": "\x1b[23~",
    "F12": "\x1b[24~",
}
"""What the keys with names send."""

_CONTROL_PREFIXES: Final = ("CTRL-", "CTRL+", "CONTROL-", "C-", "^")
_ALT_PREFIXES: Final = ("ALT-", "ALT+", "META-", "M-")


def control(name: str) -> str:
    """The control character of a key: `control("c")` and `control("^C")` are `"\\x03"`.

    Raises:
        UnknownKey: There is no such control character.
    """
    given: object = name
    key = given.upper() if isinstance(given, str) else ""
    bare = key[1:] if len(key) == 2 and key[0] == "^" else key
    found = CONTROL.get(bare)
    if found is None:
        raise UnknownKey(
            f"there is no control character {name!r}; there are Ctrl with a letter or one of"
            " @ [ \\ ] ^ _ ? / and space"
        )
    return found


def key(name: str) -> str:
    """What a terminal sends for a key: `"F10"`, `"Ctrl-X"`, `"Alt-f"`, `"PageDown"`, `"a"`.

    Raises:
        UnknownKey: No key has this name; the message names the nearest.
    """
    given: object = name
    if not isinstance(given, str) or not given:
        raise UnknownKey(f"{name!r} is not the name of a key")
    if len(name) == 1:
        return name
    upper = name.upper()
    found = KEYS.get(upper.replace(" ", ""))
    if found is not None:
        return found
    for prefix in _CONTROL_PREFIXES:
        if upper.startswith(prefix) and len(name) > len(prefix):
            return control(name[len(prefix) :])
    for prefix in _ALT_PREFIXES:
        if upper.startswith(prefix) and len(name) > len(prefix):
            return "\x1b" + key(name[len(prefix) :])
    import difflib  # start-up cost: only this error wants it

    near = difflib.get_close_matches(upper, KEYS, n=1)
    hint = f"; the nearest is {near[0]}" if near else ""
    raise UnknownKey(f"there is no key {name!r}{hint}")
