"""Rehearsal: the recorded traffic again under other settings; no model is called."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from timmy_desktop.gui.panels.router.outcome import Outcome
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.facts_strip import FactsStrip
from timmy_desktop.gui.widgets.fields import number, whole_number
from timmy_desktop.gui.widgets.parts import button, column, label, row, set_tone
from timmy_desktop.gui.widgets.two_line_rows import quiet_list
from timmy_desktop.gui.wording import provider_words
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.policy import Limits, Policy

_NAME_ROLE = Qt.ItemDataRole.UserRole
_ID_ROLE = Qt.ItemDataRole.UserRole + 1
_ROW_HEIGHT, _MOST_ROWS = 30, 6
_MOST_CHANGES = 500
_BEFORE = "The recorded requests, under other settings. No model is called."


class OrderList(QListWidget):
    """Drag or Alt+Up and Alt+Down reorder; Space leaves a provider out."""

    def __init__(self) -> None:
        super().__init__()
        quiet_list(self, "Order to rehearse")
        self.setDragDropMode(QListWidget.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setToolTip("Drag or Alt+Up and Alt+Down reorder; Space leaves one out")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def show_order(self, names: Sequence[str], switched_off: frozenset[str]) -> None:
        self.clear()
        for name in names:
            item = QListWidgetItem(provider_words(name), self)
            item.setData(_NAME_ROLE, name)
            item.setSizeHint(QSize(0, _ROW_HEIGHT))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsDropEnabled)
            item.setCheckState(Qt.CheckState.Unchecked if name in switched_off else Qt.CheckState.Checked)
        self.setFixedHeight(_ROW_HEIGHT * min(max(len(names), 1), _MOST_ROWS) + 4)

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(self.item(place).data(_NAME_ROLE) for place in range(self.count()))

    @property
    def switched_off(self) -> frozenset[str]:
        items = (self.item(place) for place in range(self.count()))
        return frozenset(i.data(_NAME_ROLE) for i in items if i.checkState() != Qt.CheckState.Checked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Up, Qt.Key.Key_Down)
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in keys:
            place = self.currentRow()
            target = place + (-1 if event.key() == Qt.Key.Key_Up else 1)
            if place >= 0 and 0 <= target < self.count():
                self.insertItem(target, self.takeItem(place))
                self.setCurrentRow(target)
        else:
            super().keyPressEvent(event)


class RehearsalPage(QWidget):
    """Begins with today's settings; `rehearse_requested` carries the Policy to try."""

    rehearse_requested = Signal(object)
    open_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._today: Policy | None = None
        self.order = OrderList()
        self.threshold = whole_number(1, 1000)
        self.threshold.setAccessibleName("Failures until a circuit opens")
        self.recovery = number(0.1, 86_400, "s")
        self.recovery.setAccessibleName("Seconds until an open circuit is tried again")
        self.first_token = number(0, 3600, "s")
        self.first_token.setAccessibleName("Deadline for the first token")
        self.total = number(0, 86_400, "s")
        self.total.setAccessibleName("Deadline for the whole answer")
        for field in (self.first_token, self.total):
            field.setSpecialValueText("as it is")
        self.run_button = button("Replay", self.rehearse, variant="primary", hint="No model is called")
        self.reset_button = button("Today's settings", self._reset, variant="quiet")
        self.busy = BusyBar()
        self.words = label(wrap=True)
        self.facts = FactsStrip()
        self.changes = QListWidget()
        self._lay_out()
        self.show_outcome(None)

    def show_today(self, policy: Policy) -> None:
        """What is in force now; what the person is trying is left alone."""
        untouched = self._today is None or self.policy == self._asked(self._today)
        self._today = policy
        if untouched:
            self._reset()

    @property
    def policy(self) -> Policy:
        """The settings as they stand on the page."""
        limits = dict(self._today.limits) if self._today is not None else {}
        first, total = self.first_token.value(), self.total.value()
        limits = {
            name: Limits(first or limit.first_token, total or limit.total) for name, limit in limits.items()
        }
        return Policy(
            order=self.order.order,
            switched_off=self.order.switched_off,
            failure_threshold=self.threshold.value(),
            recovery_timeout=self.recovery.value(),
            limits=limits,
        )

    def rehearse(self) -> None:
        """Asks for the replay."""
        self.busy.start("Replaying the recorded requests")
        self.rehearse_requested.emit(self.policy)

    def show_outcome(self, outcome: Outcome | None) -> None:
        """What would have changed; None before the first replay."""
        self.busy.finish()
        self.words.setText(inert_line(outcome.words, 400) if outcome else _BEFORE)
        set_tone(self.words, outcome.tone if outcome else "muted")
        self.facts.show_facts(outcome.facts if outcome else ())
        self.facts.setVisible(bool(outcome and outcome.facts))
        self.changes.clear()
        for request_id, words in outcome.changes[:_MOST_CHANGES] if outcome else ():
            item = QListWidgetItem(inert_line(words, 300), self.changes)
            item.setData(_ID_ROLE, request_id)
            item.setToolTip(inert_line(words, 300))
        self.changes.setVisible(bool(outcome and outcome.changes))

    def stop(self) -> None:
        self.busy.finish()

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 120)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(GAP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, field in (
            ("Opens after failures", self.threshold),
            ("Tried again after", self.recovery),
            ("First token within", self.first_token),
            ("Whole answer within", self.total),
        ):
            form.addRow(label(words, tone="muted"), field)
        quiet_list(self.changes, "What would have changed")
        self.changes.setMinimumHeight(160)
        self.changes.itemActivated.connect(lambda item: self.open_requested.emit(item.data(_ID_ROLE)))
        self.changes.itemClicked.connect(lambda item: self.open_requested.emit(item.data(_ID_ROLE)))
        inner = column(
            self.words,
            self.facts,
            self.changes,
            self.order,
            gap=GAP,
            margins=(GAP + TIGHT, GAP, GAP + TIGHT, ROOM),
        )
        inner.addLayout(form)
        inner.addLayout(row(self.run_button, self.reset_button, None))
        inner.addStretch(1)
        body = QWidget()
        body.setLayout(inner)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.busy)
        layout.addWidget(scroll, 1)

    def _asked(self, policy: Policy) -> Policy:
        return Policy(
            tuple(policy.order), frozenset(policy.switched_off), policy.failure_threshold,
            policy.recovery_timeout, dict(policy.limits),
        )  # fmt: skip

    def _reset(self) -> None:
        if self._today is None:
            return
        self.order.show_order(self._today.order, self._today.switched_off)
        self.threshold.setValue(self._today.failure_threshold)
        self.recovery.setValue(self._today.recovery_timeout)
        self.first_token.setValue(0)
        self.total.setValue(0)
