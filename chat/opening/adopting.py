"""Conversations over what is already open: `attach`.

`KINDS` says what can be attached, and how; the first kind that fits is taken.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Unpack, overload

from chat.errors import join_alternatives
from chat.opening.beginning import begin
from chat.opening.options import SessionOptions
from chat.opening.spawn_objects import attach_spawn, is_spawn
from chat.session import Session
from chat.transports import Transport
from chat.transports.adopted import (
    AdoptedSocket,
    is_popen,
    is_socket,
    over_descriptor,
    over_popen,
)
from chat.transports.descriptor import DescriptorTransport
from chat.values import UNSET, Unset


class Kind(NamedTuple):
    """Something that can be attached.

    Attributes:
        words: What it is called.
        fits: Whether a thing is one.
        adopt: Makes a transport of it, given whether it is to be taken over.
    """

    words: str
    fits: Callable[[Any], bool]
    adopt: Callable[[Any, bool], Transport]


def _is_descriptor(target: Any) -> bool:
    return isinstance(target, int) and not isinstance(target, bool)


def _is_file(target: Any) -> bool:
    return callable(getattr(target, "fileno", None))


def _is_pair(target: Any) -> bool:
    return (
        isinstance(target, tuple)
        and len(target) == 2
        and all(_is_descriptor(each) or _is_file(each) for each in target)
    )


def _descriptor_of(file: Any, close: bool) -> int:
    """The descriptor to use: of a file that is taken over, one that is ours alone."""
    if _is_descriptor(file):
        number: int = file
        return number
    if file.writable():
        file.flush()
    number = file.fileno()
    if close:
        number = os.dup(number)
        file.close()
    return number


def _adopt_file(file: Any, close: bool) -> Transport:
    return over_descriptor(_descriptor_of(file, close), close=close)


def _adopt_pair(pair: Any, close: bool) -> Transport:
    reader, writer = (_descriptor_of(each, close) for each in pair)
    return DescriptorTransport(reader, writer, close=close)


KINDS: Final = [
    Kind(
        "a descriptor",
        _is_descriptor,
        lambda number, close: over_descriptor(number, close=close),
    ),
    Kind(
        "a socket",
        is_socket,
        lambda connection, close: AdoptedSocket(connection, close=close),
    ),
    Kind(
        "a subprocess.Popen",
        is_popen,
        lambda popen, _: over_popen(popen),
    ),
    Kind("a file", _is_file, _adopt_file),
    Kind("a pair of files or descriptors, to read and to write", _is_pair, _adopt_pair),
]


@overload
def attach(
    target: Any, *, encoding: str = ..., close: bool = ..., **options: Unpack[SessionOptions]
) -> Session[str]: ...
@overload
def attach(
    target: Any, *, encoding: None, close: bool = ..., **options: Unpack[SessionOptions]
) -> Session[bytes]: ...
def attach(
    target: Any,  # one of many kinds, or of another package's: see `KINDS`
    *,
    encoding: str | None | Unset = UNSET,
    close: bool = False,
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Hold a conversation over something that is already open.

        with chat.attach(subprocess.Popen(["bc"], stdin=PIPE, stdout=PIPE)) as bc:
            print(bc.ask("6*7", prompt="\\n"))

    It may be a descriptor, a file, a pair of them (to read, to write), a connected stream
    socket, or a `subprocess.Popen`. What its owner's buffers have read already is not seen.
    While it is attached, it does not block, for its owner either.

    It may also be a `pexpect.spawn`, which is not to be used any more: the session goes on
    with what it had not consumed, in its encoding and with its timeout.

    Args:
        target: What is open.
        encoding: What the bytes mean; `None`: the session holds bytes. Left out: UTF-8, or
            what a `pexpect.spawn` had.
        close: Whether the session takes it over and closes it in the end, or gives it back.
            A process is always taken over, with its pipes: closing the session ends it.
        options: Further options of `Session`.

    Raises:
        TypeError: It is nothing of these; or an option is not one.
        NotSupported: There is nothing to read or write; or it is a socket of datagrams, or
            within TLS.
        SessionClosed: It is a `pexpect.spawn` that is closed.
        OSError: It is not open.
        ValueError, LookupError: An option is not one.
    """
    if is_spawn(target):
        return attach_spawn(target, encoding, options)
    kind = next((each for each in KINDS if each.fits(target)), None)
    if kind is None:
        known = join_alternatives([*(each.words for each in KINDS), "a pexpect.spawn"])
        raise TypeError(f"what is attached is {known}, not {type(target).__name__}")
    meaning = "utf-8" if isinstance(encoding, Unset) else encoding
    return begin(kind.adopt(target, close), meaning, **options)
