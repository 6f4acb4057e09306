"""A serial line, by pyserial, which only this module imports.

A device of this machine is read and written by its own descriptor, which never blocks; so is
`socket://`. What else pyserial knows (`rfc2217://`, `loop://`, `spy://` …) has no descriptor
that could be waited on, and is reached by way of a `Bridge`.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final, Self, final

from chat.errors import (
    ConnectFailed,
    DeviceFailed,
    DeviceNotFound,
    DeviceNotPermitted,
    MissingExtra,
    NotSupported,
)
from chat.transports import READ_SIZE
from chat.transports.bridge import Bridge
from chat.transports.descriptor import DescriptorTransport

OWN_DESCRIPTOR: Final = ("", "socket")
"""Schemes of ports whose descriptor can be read, written and waited on; `""` is a device."""

IN_USE: Final = (errno.EAGAIN, errno.EACCES, errno.EBUSY)
"""What a lock that somebody else has is answered with."""


@final
class SerialTransport:
    """Bytes over a serial line.

    Args:
        port: A port of pyserial, open. It belongs to the transport from now on.
        own_descriptor: Whether the port's own descriptor will do.

    Attributes:
        line: The line beside its data.
    """

    __slots__ = ("_bridge", "_port", "_wire", "line")

    def __init__(self, port: Any, *, own_descriptor: bool) -> None:  # pyserial has no types
        self._port: Final = port
        self._bridge: Final = None if own_descriptor else Bridge(port)
        self._wire: Final = DescriptorTransport(
            port.fileno() if self._bridge is None else self._bridge.fileno(), close=False
        )
        self.line: Final = SerialLine(port)

    @classmethod
    def open(cls, url: str, settings: Mapping[str, Any]) -> Self:
        """Open a device, by its path, or a URL that pyserial knows.

        Args:
            url: Which.
            settings: What pyserial calls them: `baudrate`, `bytesize`, `parity` …

        Raises:
            MissingExtra: pyserial is not installed.
            DeviceNotFound, DeviceNotPermitted: There is no such device, or not for us.
            DeviceFailed: It is in use, or is no serial line.
            ConnectFailed: The other end of a URL could not be reached.
            ValueError: A setting, or the URL, is none.
        """
        serial = _pyserial()
        scheme, separator, _ = url.partition("://")
        scheme = scheme.lower() if separator else ""
        direct = scheme in OWN_DESCRIPTOR
        # A device must not answer "nothing yet" as it answers "the end": with this, reading
        # waits for one byte at the least, and does not wait, since its descriptor does not.
        native = {"inter_byte_timeout": 0} if direct else {}
        try:
            with warnings.catch_warnings():
                # pyserial 3.5 calls Thread.setDaemon, deprecated since Python 3.10.
                warnings.simplefilter("ignore", DeprecationWarning)
                port = serial.serial_for_url(url, **native, **settings)
        except serial.SerialException as error:
            raise _refused(url, error, device=not scheme) from error
        except OSError as error:
            raise _refused(url, error, device=not scheme) from error
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{url}: {error}") from error
        try:
            return cls(port, own_descriptor=direct)
        except BaseException:
            port.close()
            raise

    def __repr__(self) -> str:
        return f"<SerialTransport on {self._port.port}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come; see `Transport.read`. A device that is unplugged has ended."""
        try:
            return self._wire.read(size)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENODEV):
                return b""
            raise

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once; see `Transport.write`."""
        try:
            return self._wire.write(data)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENODEV, errno.ECONNRESET):
                raise BrokenPipeError(errno.EPIPE, "the device is gone") from error
            raise

    def close(self) -> None:
        """Let go of the port. Twice is once. What was written is given a second to go."""
        self._wire.close()
        if self._bridge is not None:
            self._bridge.close()
        self._port.close()

    def fileno(self) -> int:
        """The descriptor to wait on.

        Raises:
            SessionClosed: The transport is closed.
        """
        return self._wire.fileno()


def _asks(name: str, what: str) -> property:
    """An attribute that is a port's, whose errors are ours."""

    def get(line: SerialLine) -> Any:
        return line.ask(what, lambda port: getattr(port, name))

    return property(get, doc=what)


def _sets(name: str, what: str) -> property:
    def put(line: SerialLine, value: Any) -> None:
        line.ask(what, lambda port: setattr(port, name, value))

    return _asks(name, what).setter(put)


@final
class SerialLine:
    """Capability `line` of a port of pyserial."""

    __slots__ = ("_port",)

    def __init__(self, port: Any) -> None:
        self._port: Final = port

    baudrate = _sets("baudrate", "Bits per second.")
    rts = _sets("rts", "Whether we ask to send.")
    dtr = _sets("dtr", "Whether we are there.")
    cts = _asks("cts", "Whether we may send.")
    dsr = _asks("dsr", "Whether the other side is there.")
    ring = _asks("ri", "Whether somebody calls.")
    carrier = _asks("cd", "Whether there is a connection.")

    def send_break(self, seconds: float = 0.25) -> None:
        """Hold the line in the break condition for so long, which this waits for.

        Raises:
            NotSupported: The port has no such thing.
        """
        self.ask("A break.", lambda port: port.send_break(seconds))

    def ask(self, what: str, question: Any) -> Any:
        """Ask the port.

        Raises:
            NotSupported: It has no such thing.
            ValueError: It takes no such value.
        """
        try:
            return question(self._port)
        except (OSError, AttributeError, TypeError) as error:  # the last two: it is closed
            raise NotSupported(f"the line does not do this. {what} ({error})") from error


def _pyserial() -> ModuleType:
    try:
        import serial  # an extra: only who opens a line needs it
    except ImportError as error:
        raise MissingExtra("serial lines", "pyserial", "serial") from error
    module: ModuleType = serial
    return module


def _refused(url: str, error: OSError, *, device: bool) -> Exception:
    """Our error for one of pyserial's, which carries the system's number at best."""
    code = error.errno
    if not device:
        return ConnectFailed(url, str(error), code=code)
    if code == errno.ENOENT:
        return DeviceNotFound(url, "there is no such device", code=code)
    if "exclusively lock" in str(error) and code in IN_USE:
        return DeviceFailed(url, "another program uses it", code=code)
    if code in (errno.EACCES, errno.EPERM):
        reason = "we may not use it (on Debian, the members of the group dialout may)"
        return DeviceNotPermitted(url, reason, code=code)
    if code is None and str(error).startswith("Could not configure port"):
        return DeviceFailed(url, "it is no serial line")
    return DeviceFailed(url, str(error) if code is None else os.strerror(code), code=code)
