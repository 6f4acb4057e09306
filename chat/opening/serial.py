"""Serial lines, of this machine and of others (extra `serial`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypedDict, Unpack, overload
from urllib.parse import parse_qsl, unquote, urlencode

from chat.errors import UrlError
from chat.opening.options import SessionOptions
from chat.opening.urls import Opening
from chat.session import Session

Parity = Literal["N", "E", "O", "M", "S"]


class SerialSettings(TypedDict, total=False):
    """How a line is set; see `open_serial`."""

    baudrate: int
    bytesize: int
    parity: Parity
    stopbits: float
    xonxoff: bool
    rtscts: bool
    dsrdtr: bool
    exclusive: bool


class SerialOptions(SerialSettings, SessionOptions, total=False):
    """The settings of a line, and the options of a session."""


def _flag(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[
        text.lower()
    ]


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)


READ_AS: Final[Mapping[str, Callable[[str], Any]]] = {
    "baudrate": int,
    "bytesize": int,
    "parity": str.upper,
    "stopbits": _number,
    "xonxoff": _flag,
    "rtscts": _flag,
    "dsrdtr": _flag,
    "exclusive": _flag,
}
"""The settings, and how each is read in a URL."""


@overload
def open_serial(
    url: str, *, encoding: str = ..., **options: Unpack[SerialOptions]
) -> Session[str]: ...
@overload
def open_serial(
    url: str, *, encoding: None, **options: Unpack[SerialOptions]
) -> Session[bytes]: ...
def open_serial(
    url: str, *, encoding: str | None = "utf-8", **options: Unpack[SerialOptions]
) -> Session[Any]:
    """Open a serial line and a conversation over it.

        with chat.open_serial("serial:///dev/ttyUSB0?baudrate=115200", pace=0.005) as console:
            console.press("Enter")
            console.expect("login: ")
            console.line.send_break()

    What came before it was opened is not seen.

    Args:
        url: `serial:///dev/…` or the path alone, or what else pyserial knows:
            `rfc2217://host:port` (a line of another machine), `socket://host:port`,
            `loop://`. Settings may stand behind a `?`.
        encoding: What the bytes mean; `None`: the session holds bytes.
        options: The settings of the line: `baudrate` (9600), `bytesize` (8), `parity` (`"N"`),
            `stopbits` (1), flow control by `rtscts`, `xonxoff` or `dsrdtr` (none), `exclusive`
            (true: no other program may open the device). And the options of `Session`, of
            which `pace` is for what cannot take input any faster. A line ends with `"\\r"`
            unless `newline` says otherwise.

    Returns:
        The session; `session.line` has the speed, break, and the wires beside the data.

    Raises:
        MissingExtra: pyserial is not installed.
        DeviceNotFound, DeviceNotPermitted, DeviceFailed: The device cannot be opened.
        ConnectFailed: The other end of a URL could not be reached.
        UrlError: The URL is none, or a setting in it.
        ValueError, TypeError, LookupError: A setting or option is not one.
    """
    line = {name: options.pop(name) for name in READ_AS if name in options}  # type: ignore[misc]  # names of the TypedDict
    return _opened(url, line, encoding, options)


def open_url(opening: Opening, **settings: Unpack[SerialSettings]) -> Session[Any]:
    """Open `serial://` and its like for `chat.connect`; raises as `open_serial`."""
    return _opened(opening.url.text, dict(settings), opening.encoding, opening.options)


def _opened(
    url: str, settings: dict[str, Any], encoding: str | None, options: SessionOptions
) -> Session[Any]:
    from chat.transports.serial import SerialTransport  # the one that is needed here

    port, given = taken_apart(url)
    known = {"exclusive": True, **given, **settings}
    if "://" in port:
        del known["exclusive"]  # a lock on a device
    transport = SerialTransport.open(port, known)
    enter: Any = "\r" if encoding is not None else b"\r"
    try:
        return Session(transport, encoding=encoding, **{"newline": enter, **options})
    except BaseException:
        transport.close()
        raise


def taken_apart(url: str) -> tuple[str, dict[str, Any]]:
    """A device's path or a URL for pyserial, and the settings that were in it.

    Raises:
        UrlError: There is no device, or a setting is none.
    """
    scheme, separator, rest = url.partition("://")
    place, mark, query = rest.partition("?") if separator else url.partition("?")
    settings, others = {}, []
    for name, text in parse_qsl(query, keep_blank_values=True) if mark else ():
        if name not in READ_AS:
            others.append((name, text))
            continue
        try:
            settings[name] = READ_AS[name](text)
        except (ValueError, KeyError) as error:
            raise UrlError(f"{url!r}: {name} cannot be {text!r}") from error
    if separator and scheme.lower() != "serial":
        ending = f"?{urlencode(others)}" if others else ""
        return f"{scheme}://{place}{ending}", settings
    if others:
        raise UrlError(f"{url!r}: there is no setting {others[0][0]!r}")
    if not place.startswith("/"):
        raise UrlError(f"{url!r} names no device: serial:///dev/ttyUSB0")
    return unquote(place) if separator else place, settings
