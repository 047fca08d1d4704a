"""Draws what stands between the lines of a diff: heads of files, bars of hunks and folds, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.diff_view.notes import status_word
from timmy_desktop.gui.widgets.diff_view.parts import Part, PartKind
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line

if TYPE_CHECKING:
    from timmy_desktop.gui.widgets.diff_view.painter import Scene

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_GLYPH, _BOX = 14, 14
CONTROL = 88
"""How wide the check box at the right end of a head or bar is, with its word."""


def control_rect(area: QRect) -> QRect:
    """Where a head or bar is clicked to mark a file as seen, or to take a hunk."""
    return QRect(area.right() - CONTROL, area.top(), CONTROL + 1, area.height())


def paint_head(painter: QPainter, scene: Scene, area: QRect, file: int, *, sticky: bool = False) -> None:
    """The name of a file, what happened to it, its counts, and whether it was seen."""
    theme, document = Theme.current(), scene.document
    opening, change = document.files[file], document.reading.diff.files[file]
    painter.fillRect(area, theme.color("raised"))
    painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), theme.color("border"))
    painter.fillRect(QRect(area.left(), area.top(), area.width(), 1), theme.color("border"))
    box = area.adjusted(GAP + TIGHT, 0, -GAP, 0)
    mark = QRect(box.left(), box.center().y() - _GLYPH // 2, _GLYPH, _GLYPH)
    paint_glyph(painter, "right" if opening.collapsed else "down", mark, theme.color("muted"))
    box.setLeft(mark.right() + GAP)
    if scene.can_see:
        _control(painter, control_rect(area), "Seen", checked=opening.seen)
        box.setRight(control_rect(area).left() - TIGHT)
    box = _counts(painter, box, change.added, change.removed)
    if odd := document.reading.odd[file]:
        box = _right(painter, box, f"▲ {count(odd, 'line')} with hidden characters", "warn")
    if word := status_word(change):
        box = _right(painter, box, word, "accent")
    _path(painter, box, change.old_path if change.is_moved else "", change.path)
    if sticky:
        painter.fillRect(QRect(area.left(), area.bottom() + 1, area.width(), 2), theme.tint("sunken", 0.6))


def paint_bar(painter: QPainter, scene: Scene, area: QRect, part: Part) -> None:
    """Where a hunk begins: what is folded before it, what git found to name it by, whether it is taken."""
    theme, document = Theme.current(), scene.document
    painter.fillRect(area, theme.tint("accent", 0.07))
    box = area.adjusted(GAP + TIGHT, 0, -GAP, 0)
    hidden = document.hidden_in(part.file, part.hunk)
    glyph = QRect(box.left(), box.center().y() - _GLYPH // 2, _GLYPH, _GLYPH)
    if hidden:
        paint_glyph(painter, "more", glyph, theme.color("accent"))
    box.setLeft(glyph.right() + GAP)
    if part.kind is PartKind.HUNK and scene.can_take:
        taken = document.is_taken(part.file, part.hunk)
        _control(painter, control_rect(area), "Accept" if taken else "Left out", checked=taken)
        box.setRight(control_rect(area).left() - TIGHT)
    box = _left(painter, box, folded_words(hidden), "accent")
    if part.kind is PartKind.HUNK:
        hunk = document.diff.files[part.file].hunks[part.hunk]
        _left(painter, box, inert_line(hunk.heading, 160) or f"Line {hunk.first_new:,}", "muted")


def paint_note(painter: QPainter, scene: Scene, area: QRect, part: Part) -> None:
    """What is told of a file in words."""
    theme = Theme.current()
    if part.file < 0:
        _left(painter, area.adjusted(GAP + TIGHT, 0, 0, 0), "There is no change in here.", "muted")
        return
    box = area.adjusted(GAP + TIGHT, 0, -GAP, 0)
    glyph = QRect(box.left(), box.center().y() - _GLYPH // 2, _GLYPH, _GLYPH)
    paint_glyph(painter, "info", glyph, theme.color("muted"))
    box.setLeft(glyph.right() + GAP)
    _left(painter, box, inert_line(scene.document.notes(part.file)[part.first], 400), "muted")


def folded_words(hidden: int) -> str:
    """`34 unchanged lines`; nothing where none are folded."""
    if hidden < 0:
        return "Unchanged to the end"
    return count(hidden, "unchanged line") if hidden else ""


def _control(painter: QPainter, area: QRect, word: str, *, checked: bool) -> None:
    theme = Theme.current()
    box = QRect(area.left() + TIGHT, area.center().y() - _BOX // 2, _BOX, _BOX)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("fill" if checked else "outline"), 1))
    painter.setBrush(theme.color("fill" if checked else "surface"))
    painter.drawRoundedRect(box, 3, 3)
    if checked:
        paint_glyph(painter, "check", box.adjusted(1, 1, -1, -1), theme.color("on_fill"))
    painter.restore()
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("text" if checked else "muted"))
    painter.drawText(area.adjusted(_BOX + TIGHT + 6, 0, 0, 0), _LEFT, word)


def _counts(painter: QPainter, box: QRect, added: int, removed: int) -> QRect:
    if removed:
        box = _right(painter, box, f"−{removed:,}", "bad")
    if added:
        box = _right(painter, box, f"+{added:,}", "good")
    return box


def _path(painter: QPainter, box: QRect, old: str, path: str) -> None:
    theme = Theme.current()
    folder, slash, name = inert_line(path, 400).rpartition("/")
    body, strong = theme.font(), theme.font(strong=True)
    lead = f"{inert_line(old, 200)} → " if old else ""
    room = box.width() - QFontMetrics(strong).horizontalAdvance(name)
    shown = QFontMetrics(body).elidedText(lead + folder + slash, Qt.TextElideMode.ElideMiddle, max(room, 0))
    painter.setFont(body)
    painter.setPen(theme.color("muted"))
    painter.drawText(box, _LEFT, shown)
    painter.setFont(strong)
    painter.setPen(theme.color("text"))
    rest = box.adjusted(QFontMetrics(body).horizontalAdvance(shown), 0, 0, 0)
    painter.drawText(
        rest, _LEFT, QFontMetrics(strong).elidedText(name, Qt.TextElideMode.ElideMiddle, rest.width())
    )


def _right(painter: QPainter, box: QRect, words: str, role: str) -> QRect:
    font = Theme.current().font("small")
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    painter.drawText(box, _RIGHT, words)
    return box.adjusted(0, 0, -QFontMetrics(font).horizontalAdvance(words) - GAP, 0)


def _left(painter: QPainter, box: QRect, words: str, role: str) -> QRect:
    if not words:
        return box
    font = Theme.current().font("small")
    metrics = QFontMetrics(font)
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, _LEFT, shown)
    return box.adjusted(metrics.horizontalAdvance(shown) + 2 * GAP, 0, 0, 0)
