"""Signals, as perlipc has them: by name, for a while, to whom they are meant, and safely.

    with chat.signals.local(INT=chat.signals.IGNORE):       # put back at the end
        chat.signals.send("HUP", group=os.getpgrp())

    with chat.signals.handle(HUP=reload):                   # called outside signal frames
        session.expect("done")

    with chat.signals.reaper(on_exit=note) as reaper:       # perlipc's REAPER
        reaper.add(os.fork() or run_child())

What is here is in `__all__`; it is fetched when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module

from chat.signals.names import NAMES, NUMBERS, name, number

TYPE_CHECKING = False  # not typing's own: see chat/__init__.py
if TYPE_CHECKING:
    from chat.signals.blocks import DEFAULT, IGNORE, Local, local
    from chat.signals.forwarding import FORWARDED, forward
    from chat.signals.handling import Handling, dispatch, handle
    from chat.signals.reaping import Reaper, reaper
    from chat.signals.sending import Group, Life, alive, send
    from chat.signals.subreaping import is_subreaper, subreaper

_HOMES = {
    "chat.signals.blocks": "DEFAULT IGNORE Local local",
    "chat.signals.forwarding": "FORWARDED forward",
    "chat.signals.handling": "Handling dispatch handle",
    "chat.signals.reaping": "Reaper reaper",
    "chat.signals.sending": "Group Life alive send",
    "chat.signals.subreaping": "is_subreaper subreaper",
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "DEFAULT",
    "FORWARDED",
    "IGNORE",
    "NAMES",
    "NUMBERS",
    "Group",
    "Handling",
    "Life",
    "Local",
    "Reaper",
    "alive",
    "dispatch",
    "forward",
    "handle",
    "is_subreaper",
    "local",
    "name",
    "number",
    "reaper",
    "send",
    "subreaper",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Fetch a public name from the module where it lives."""
        if name not in _MODULES:
            raise AttributeError(f"module 'chat.signals' has no attribute {name!r}")
        value = getattr(import_module(_MODULES[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
