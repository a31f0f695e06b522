"""The socket on which webhooks arrive.

The supervisor opens it and its web processes inherit it: while one of them starts anew, whoever
connects waits in the socket's queue instead of being refused, and what the others do not take is
still there for it.
"""

import socket

from shopwright.core.errors import Busy

BACKLOG = 1_024


def listen(host: str, port: int, *, share: bool = False) -> socket.socket:
    """Return a socket that listens; ``share`` lets processes that know nothing of each other do so.

    Raises Busy when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Busy(
            f"{host}:{port} cannot be listened on ({error.strerror}); stop what uses the port, "
            "or choose another with --port or the setting port"
        ) from error
    listener.setblocking(False)
    return listener


def inherited(number: int) -> socket.socket:
    """Return the socket that the starter of this process left open under that file descriptor."""
    listener = socket.socket(fileno=number)
    listener.setblocking(False)
    return listener
