"""The keys of a diff view: what each does, and the words that tell of it."""

from __future__ import annotations

from PySide6.QtCore import Qt

_K, _M = Qt.Key, Qt.KeyboardModifier
_NONE, _CTRL, _SHIFT = _M.NoModifier, _M.ControlModifier, _M.ShiftModifier
Press = tuple[Qt.Key, Qt.KeyboardModifier]

# A method of the view, by key. Moving keys are apart: with Shift they select.
ACTIONS: dict[Press, str] = {
    (_K.Key_N, _NONE): "next_change",
    (_K.Key_P, _NONE): "previous_change",
    (_K.Key_F7, _NONE): "next_change",
    (_K.Key_F7, _SHIFT): "previous_change",
    (_K.Key_BracketRight, _NONE): "next_file",
    (_K.Key_BracketLeft, _NONE): "previous_file",
    (_K.Key_Return, _NONE): "open_row",
    (_K.Key_Enter, _NONE): "open_row",
    (_K.Key_O, _NONE): "open_all_folds",
    (_K.Key_Space, _NONE): "toggle_row",
    (_K.Key_X, _NONE): "toggle_hunk",
    (_K.Key_S, _NONE): "toggle_seen",
    (_K.Key_C, _NONE): "write_comment",
    (_K.Key_M, _NONE): "go_to_other_half",
    (_K.Key_V, _NONE): "toggle_split",
    (_K.Key_W, _NONE): "toggle_wrap",
    (_K.Key_E, _NONE): "draw_all",
    (_K.Key_I, _NONE): "toggle_space",
    (_K.Key_Slash, _NONE): "ask_to_find",
    (_K.Key_F, _CTRL): "ask_to_find",
    (_K.Key_G, _NONE): "ask_to_go",
    (_K.Key_G, _CTRL): "ask_to_go",
    (_K.Key_F3, _NONE): "next_hit",
    (_K.Key_F3, _SHIFT): "previous_hit",
    (_K.Key_Tab, _CTRL): "switch_side",
    (_K.Key_C, _CTRL): "copy",
    (_K.Key_A, _CTRL): "select_all",
    (_K.Key_Plus, _CTRL): "larger",
    (_K.Key_Equal, _CTRL): "larger",
    (_K.Key_Minus, _CTRL): "smaller",
    (_K.Key_0, _CTRL): "usual_size",
}

MOVES: dict[Press, str] = {
    (_K.Key_Up, _NONE): "up",
    (_K.Key_Down, _NONE): "down",
    (_K.Key_Left, _NONE): "left",
    (_K.Key_Right, _NONE): "right",
    (_K.Key_PageUp, _NONE): "page_up",
    (_K.Key_PageDown, _NONE): "page_down",
    (_K.Key_Home, _NONE): "line_start",
    (_K.Key_End, _NONE): "line_end",
    (_K.Key_Home, _CTRL): "start",
    (_K.Key_End, _CTRL): "end",
}

HINTS: tuple[tuple[str, str], ...] = (
    ("Next and previous change", "N, P"),
    ("Next and previous file", "], ["),
    ("Open a fold, a file or a picture", "Enter"),
    ("Open every fold of the file", "O"),
    ("Accept a hunk or leave it out", "X"),
    ("Mark the file as seen", "S"),
    ("Comment on the line", "C"),
    ("Go to where moved lines were or went", "M"),
    ("Unified or side by side", "V"),
    ("Wrap long lines", "W"),
    ("Show lines of over 50,000 characters to the end", "E"),
    ("Ignore changes of white space", "I"),
    ("Find", "Ctrl+F"),
    ("Next and previous hit", "F3, Shift+F3"),
    ("Go to a line", "G"),
    ("Other side, side by side", "Ctrl+Tab"),
    ("Larger and smaller code", "Ctrl++, Ctrl+-"),
)


def press_of(key: int, modifiers: Qt.KeyboardModifier, text: str) -> Press:
    """A key press as the tables name it: brackets, slash and plus are wherever the keyboard has them."""
    known = {"]": _K.Key_BracketRight, "[": _K.Key_BracketLeft, "/": _K.Key_Slash}
    if text in known and not modifiers & _CTRL:
        return known[text], _NONE
    plain = modifiers & ~(_M.KeypadModifier | _M.GroupSwitchModifier)
    if key in (_K.Key_Plus, _K.Key_Equal) and plain & _CTRL:
        plain = _CTRL
    return Qt.Key(key), plain
