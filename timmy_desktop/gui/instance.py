"""One window to a data folder: a second start raises the first window and leaves."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCryptographicHash, QDir, QObject, Signal

_PATIENCE_MS = 500
_MESSAGE = b"raise\n"


def server_name(data_dir: Path) -> str:
    """The name under which the window of this data folder can be reached."""
    address = str(data_dir.resolve()).encode()
    digest = QCryptographicHash.hash(address, QCryptographicHash.Algorithm.Sha256).data()
    return f"timmy-desktop-{digest.hex()[:16]}"


def raise_other(data_dir: Path) -> bool:
    """Asks a running window of this folder to come forward; False when there is none."""
    name = server_name(data_dir)
    # The first start, the usual one, need not load Qt's network before it paints.
    if not Path(QDir.tempPath(), name).exists():
        return False
    from PySide6.QtNetwork import QLocalSocket

    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(_PATIENCE_MS):
        return False
    socket.write(_MESSAGE)
    socket.waitForBytesWritten(_PATIENCE_MS)
    socket.disconnectFromServer()
    return True


class InstanceServer(QObject):
    """Listens for later starts. Not being able to listen is no reason not to open: the folder has a lock."""

    raise_requested = Signal()

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        from PySide6.QtNetwork import QLocalServer

        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        name = server_name(data_dir)
        if not self._server.listen(name):
            # Left over from a process that was killed: nobody answered on it.
            QLocalServer.removeServer(name)
            self._server.listen(name)

    def close(self) -> None:
        """Stops listening."""
        self._server.close()

    def _connected(self) -> None:
        socket = self._server.nextPendingConnection()
        if socket is not None:
            socket.disconnected.connect(socket.deleteLater)
            self.raise_requested.emit()
