"""Ports of this machine."""

import os
import socket

from ingest.errors import UserError

HOST = "127.0.0.1"


def free_port(wanted: int) -> int:
    """Return the port if nothing listens on it, else one that is free; 0 asks for any.

    Raises:
        UserError: None is free.
    """
    for port in (wanted, 0):
        with socket.socket() as probe:
            if os.name == "posix":  # on Windows it would let one bind what another listens on
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UserError("No port of this machine is free.", "Close other programs and try again.")
