"""Whom to trust within TLS, and what to show: options, and what `ssl` makes of them."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import final

from chat.errors import CertificateUnusable
from chat.values import Secret


@final
@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How to be sure of the other side, and what to show it.

    Attributes:
        verify: Whether the other side's certificate must be trusted, and be for its name.
            Of a listener: whether a caller must show one.
        ca_file: Certificates of the authorities to trust; left out, the system's. A
            listener that is given one asks its callers for a certificate.
        cert_file: Our certificate, with those that lead to its authority, in PEM.
        key_file: Its key; left out, it is in `cert_file`.
        key_password: What the key is locked with.
        server_name: The name to look for in the certificate; left out, the host's.
        allow_truncation: Take the end of the connection for the end of what was said, even
            if the other side did not say that it is (TLS `close_notify`).
    """

    verify: bool = True
    ca_file: str | os.PathLike[str] | None = None
    cert_file: str | os.PathLike[str] | None = None
    key_file: str | os.PathLike[str] | None = None
    key_password: Secret | None = None
    server_name: str | None = None
    allow_truncation: bool = False

    def client_context(self) -> ssl.SSLContext:
        """What a caller needs.

        Raises:
            CertificateUnusable: A file is missing, or is not what it should be.
        """
        context = _strict(ssl.PROTOCOL_TLS_CLIENT)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.ca_file is not None:
            self._load_authorities(context)
        else:
            context.load_default_certs()
        self._load_certificate(context)
        return context

    def server_context(self) -> ssl.SSLContext:
        """What a listener needs.

        Raises:
            CertificateUnusable: There is no certificate, a file is missing, or it is not
                what it should be.
        """
        if self.cert_file is None:
            raise CertificateUnusable("a TLS listener needs a certificate: give cert_file")
        context = _strict(ssl.PROTOCOL_TLS_SERVER)
        self._load_certificate(context)
        if self.ca_file is not None:
            context.verify_mode = ssl.CERT_REQUIRED if self.verify else ssl.CERT_OPTIONAL
            self._load_authorities(context)
        return context

    def _load_authorities(self, context: ssl.SSLContext) -> None:
        assert self.ca_file is not None
        try:
            context.load_verify_locations(os.fspath(self.ca_file))
        except OSError as error:
            raise _unusable(f"the authorities in {os.fspath(self.ca_file)!r}", error) from error

    def _load_certificate(self, context: ssl.SSLContext) -> None:
        if self.cert_file is None:
            return
        # A function: of a text that is missing, OpenSSL would ask the person at the terminal.
        password = self.key_password.reveal() if self.key_password else ""
        cert = os.fspath(self.cert_file)
        key = None if self.key_file is None else os.fspath(self.key_file)
        try:
            context.load_cert_chain(cert, key, password=lambda: password)
        except (OSError, ValueError) as error:
            files = repr(cert) if key is None else f"{cert!r} and the key in {key!r}"
            raise _unusable(f"the certificate in {files}", error) from error


def _strict(protocol: int) -> ssl.SSLContext:
    """A context in which an end that nobody said is a failure.

    Until some release of 3.11, Python had OpenSSL 3 take it for an end, as OpenSSL 1.1 did.
    """
    context = ssl.SSLContext(protocol)
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


def _unusable(what: str, error: OSError | ValueError) -> CertificateUnusable:
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "it is not in PEM").lower().replace("_", " ")
    else:
        reason = getattr(error, "strerror", None) or str(error)
    return CertificateUnusable(f"cannot use {what}: {reason}")
