"""A virtual display with a mouse and a keyboard, and eyes: what is on it can be looked at."""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conditions import require_display_parts

_POLL_S = 0.1
_PIXEL_BYTES = 4
_CLIENT_MESSAGE = 33


def until(condition: Callable[[], object], timeout: float, message: Callable[[], str]) -> None:
    """Returns as soon as `condition()` is true; fails with `message()` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not so after {timeout:g} s: {message()}")
        time.sleep(_POLL_S)


@dataclass(frozen=True)
class Box:
    """A rectangle on the screen."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def middle(self) -> tuple[int, int]:
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2


@dataclass(frozen=True)
class Display:
    """`name` is what DISPLAY holds; `frame` is the file into which the server draws."""

    name: str
    frame: Path

    def xdotool(self, *arguments: object, timeout: float = 60, check: bool = True) -> str:
        """One command of the mouse and the keyboard."""
        done = subprocess.run(
            ["xdotool", *map(str, arguments)],
            env={**os.environ, "DISPLAY": self.name},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def windows(self, title: str, pid: int) -> list[int]:
        """The visible windows of a process whose title contains `title`."""
        found = self.xdotool("search", "--all", "--onlyvisible", "--pid", pid, "--name", title, check=False)
        return [int(line) for line in found.split()]

    def focus(self, window: int) -> None:
        """Gives it the keyboard: there is no window manager to do that."""
        self.xdotool("windowfocus", "--sync", window)

    def click(self, place: tuple[int, int]) -> None:
        self.xdotool("mousemove", "--sync", *place)
        self.xdotool("click", 1)

    def type(self, text: str) -> None:
        self.xdotool("type", "--delay", 15, text)

    def press(self, *keys: str) -> None:
        self.xdotool("key", "--delay", 15, *keys)

    def ask_to_close(self, window: int) -> None:
        """What a window manager sends when its close button is clicked."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        connection = ctypes.c_void_p(x11.XOpenDisplay(self.name.encode()))
        assert connection, self.name
        event = _ClientMessage(type=_CLIENT_MESSAGE, window=window, format=32)
        event.message_type = x11.XInternAtom(connection, b"WM_PROTOCOLS", 0)
        event.data[0] = x11.XInternAtom(connection, b"WM_DELETE_WINDOW", 0)
        x11.XSendEvent(connection, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
        x11.XCloseDisplay(connection)

    def boxes(self, color: str, width: int = 30, height: int = 16) -> list[Box]:
        """The areas filled with `color` (`#rrggbb`) that are at least so large, from the top down."""
        picture = _Picture.read(self.frame)
        wanted = bytes.fromhex(color[1:])[::-1]
        found: list[list[int]] = []
        for y in range(picture.height):
            for left, right in picture.runs(y, wanted, width):
                box = next(
                    (box for box in found if box[3] >= y - 1 and box[0] <= right and left <= box[2]), None
                )
                if box is None:
                    found.append([left, y, right, y])
                else:
                    box[0], box[2], box[3] = min(box[0], left), max(box[2], right), y
        return [Box(*box) for box in found if box[3] - box[1] >= height]


@dataclass
class _Picture:
    """The frame of the X server, which is a file in the format of `xwd`."""

    content: bytes
    height: int
    row_bytes: int
    start: int
    pixels: bytes = field(init=False)

    @classmethod
    def read(cls, frame: Path) -> _Picture:
        content = frame.read_bytes()
        header = struct.unpack(">25I", content[:100])
        start = header[0] + header[19] * 12
        return cls(content, height=header[5], row_bytes=header[12], start=start)

    def runs(self, y: int, wanted: bytes, width: int) -> Iterator[tuple[int, int]]:
        """Where row `y` is `wanted` (blue, green, red) for at least a quarter of `width`."""
        begin = self.start + y * self.row_bytes
        row = self.content[begin : begin + self.row_bytes]
        if wanted not in row:
            return
        left = -1
        for x in range(self.row_bytes // _PIXEL_BYTES + 1):
            same = row[x * _PIXEL_BYTES : x * _PIXEL_BYTES + 3] == wanted
            if same and left < 0:
                left = x
            elif not same and left >= 0:
                if x - left >= width // 4:
                    yield left, x - 1
                left = -1


class _ClientMessage(ctypes.Structure):
    # XEvent is a union of 24 longs, of which this message uses the first twelve.
    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 12),
    ]


@contextmanager
def virtual_display(folder: Path, size: str = "1280x800") -> Iterator[Display]:
    """An X server that draws into memory."""
    require_display_parts()
    folder.mkdir()
    reader, writer = os.pipe()
    # -noreset: otherwise it starts anew, deaf for a moment, whenever its last client leaves.
    server = subprocess.Popen(
        ["Xvfb", "-noreset", "-displayfd", str(writer), "-screen", "0", f"{size}x24", "-fbdir", str(folder), "-nolisten", "tcp"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            number = told.readline().strip()
        assert number, "Xvfb ended at once"
        yield Display(f":{number}", folder / "Xvfb_screen0")
    finally:
        server.terminate()
        server.wait(timeout=30)
