"""The Telnet protocol: a codec without I/O, and a transport that speaks it over another.

From the bytes up, each module knowing only those above it:

codes         the numbers: commands, options, and what subnegotiations begin with
scanner       bytes taken apart into text, commands, negotiations (RFC 854, 855)
encoding      text as it goes out, line ends included (RFC 854, 856)
negotiation   who does which option: the Q method (RFC 1143), as a table
suboptions    what is said about an option: terminal type, window size, environment
settings      how a client and a server behave
endpoint      one side of a connection, client or server: bytes in, text and answers out
terminal      the window, echo, control characters, the break, as a session asks for them
transport     `TelnetTransport`: an endpoint over any other transport
"""
