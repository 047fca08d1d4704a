"""The short style sheet: what a palette can't say. Built from roles, so that it follows the theme."""

from __future__ import annotations

from string import Template

from timmy_desktop.gui.colors import Colors, mixed

_SHEET = Template("""
* { outline: none; }
QMainWindow, QDialog { background: $sunken; }
QMainWindow::separator { background: $sunken; width: 8px; height: 8px; }
QMainWindow::separator:hover { background: $selection; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }

QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 6px 8px; }

QMenuBar { background: $sunken; color: $muted; padding: 4px 0; }
QMenuBar::item { padding: 4px 10px; border-radius: 6px; background: transparent; }
QMenuBar::item:selected { background: $hover; color: $text; }
QMenu { background: $raised; border: 1px solid $border; padding: 6px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 5px; color: $text; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $outline; }
QMenu::separator { height: 1px; background: $border; margin: 6px 8px; }
QMenu::icon { padding-left: 10px; }

QStatusBar { background: $sunken; color: $muted; }
QStatusBar::item { border: none; }

QPushButton, QToolButton[variant="button"] {
  background: $raised; color: $text; border: 1px solid $edge; border-radius: 6px;
  padding: 5px 14px; min-height: 18px;
}
QPushButton:hover, QToolButton[variant="button"]:hover { background: $hover; }
QPushButton:pressed { background: $selection; }
QPushButton:focus, QToolButton[variant="button"]:focus { border: 1px solid $accent; }
QPushButton:disabled { color: $outline; background: $surface; border-color: $border; }
QPushButton[variant="primary"] { background: $fill; color: $on_fill; border: 1px solid $fill; }
QPushButton[variant="primary"]:hover { background: $fill_hover; }
QPushButton[variant="primary"]:focus { border: 1px solid $text; }
QPushButton[variant="primary"]:disabled { background: $raised; color: $outline; border-color: $border; }
QPushButton[variant="danger"] { color: $bad; }
QPushButton[variant="quiet"], QToolButton {
  background: transparent; border: 1px solid transparent; border-radius: 6px;
  padding: 4px 8px; color: $muted;
}
QPushButton[variant="quiet"]:hover, QToolButton:hover { background: $hover; color: $text; }
QPushButton[variant="quiet"]:focus, QToolButton:focus { border: 1px solid $accent; color: $text; }
QToolButton[variant="glyph"] { padding: 0; }
QToolButton[variant="chip"] { border: 1px solid $border; border-radius: 11px; padding: 2px 5px;
  font-size: ${small}pt; }
QToolButton[variant="chip"]:checked { background: $selection; border-color: $accent; color: $text; }
QToolButton[variant="chip"]:focus { border-color: $accent; }
QPushButton[variant="floating"] { background: $fill; color: $on_fill; border: 1px solid $fill;
  border-radius: 13px; padding: 3px 12px; }
QPushButton[variant="floating"]:hover { background: $fill_hover; }
QPushButton[variant="floating"]:focus { border: 1px solid $text; }
QToolButton:checked { background: $selection; color: $text; }
QToolButton:pressed { background: $selection; }
QToolButton::menu-indicator { image: none; width: 0; }
QPushButton[variant="search"] { background: $surface; color: $muted; border: 1px solid $border;
  text-align: left; padding: 4px 12px; min-width: 200px; }
QPushButton[variant="search"]:hover { background: $hover; color: $text; }
QPushButton[variant="search"]:focus { border: 1px solid $accent; }
QPushButton[variant="status"] { background: transparent; border: 1px solid transparent; color: $muted; }
QPushButton[variant="status"]:hover { background: $hover; color: $text; }
QPushButton[variant="status"]:focus { border: 1px solid $accent; color: $text; }
QPushButton[variant="status"] { border-radius: 5px; padding: 2px 8px; font-size: ${small}pt; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QDateTimeEdit, QComboBox {
  background: $field; color: $text; border: 1px solid $edge; border-radius: 6px;
  padding: 5px 8px; selection-background-color: $fill; selection-color: $on_fill;
}
QAbstractSpinBox { padding: 3px 7px; }
QAbstractSpinBox QLineEdit { border: none; background: transparent; padding: 0; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QDateTimeEdit:focus, QComboBox:focus { border: 1px solid $accent; }
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled,
QDateTimeEdit:disabled, QComboBox:disabled { color: $outline; background: $surface; }
QPlainTextEdit[variant="bare"], QTextEdit[variant="bare"], QTextBrowser[variant="bare"],
QLineEdit[variant="bare"] { background: transparent; border: none; padding: 0; }
QComboBox QLineEdit { background: transparent; border: none; padding: 0; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border; padding: 4px; }
QComboBox[variant="compact"] { padding: 1px 6px 1px 8px; font-size: ${small}pt; border-radius: 11px;
  background: transparent; border: 1px solid $border; min-height: 20px; }
QComboBox[variant="compact"]:focus { border: 1px solid $accent; }
QComboBox::drop-down { border: none; width: 24px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; width: 0; height: 0;
  image: none; }
QAbstractSpinBox::up-arrow, QAbstractSpinBox::down-arrow { image: none; width: 0; height: 0; }

QAbstractItemView { background: transparent; border: none; color: $text;
  selection-background-color: $selection; selection-color: $text; }
QListWidget[variant="nav"] { background: transparent; }
QListWidget[variant="nav"]::item { padding: 7px 10px; border-radius: 6px; color: $muted; }
QListWidget[variant="nav"]::item:hover { background: $hover; color: $text; }
QListWidget[variant="nav"]::item:selected { background: $selection; color: $text; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }
QHeaderView::section { background: $surface; color: $muted; border: none;
  border-bottom: 1px solid $border; padding: 6px 8px; }
QTableView { gridline-color: $border; }

QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; padding: 6px 12px; margin: 2px 1px;
  border: 1px solid transparent; border-radius: 6px; }
QTabBar::tab:hover { color: $text; background: $hover; }
QTabBar::tab:selected { color: $text; background: $raised; border-color: $border; }
QTabBar::tab:focus { border-color: $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $scroll; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $outline; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }

QFrame[variant="card"] { background: $raised; border: 1px solid $border; border-radius: 8px; }
QFrame[variant="dock-head"] { background: $surface; border: 1px solid $border;
  border-top-left-radius: 8px; border-top-right-radius: 8px; }
QFrame[variant="dock-body"] { background: $surface; border: 1px solid $border; border-top: none;
  border-bottom-left-radius: 8px; border-bottom-right-radius: 8px; }
QLabel[variant="code"] { background: $sunken; color: $text; border: 1px solid $border;
  border-radius: 6px; padding: 4px 10px; }
QFrame[variant="code"] { background: $sunken; border: 1px solid $border; border-radius: 6px; }
QFrame[variant="line"] { background: $border; border: none; }

QLabel[tone="muted"] { color: $muted; }
QLabel[tone="accent"] { color: $accent; }
QLabel[tone="good"] { color: $good; }
QLabel[tone="warn"] { color: $warn; }
QLabel[tone="bad"] { color: $bad; }
QLabel[type="small"] { font-size: ${small}pt; }
QLabel[type="title"] { font-size: ${title}pt; font-weight: 600; }
QLabel[strong="true"] { font-weight: 600; }

QProgressBar { background: $hover; border: none; border-radius: 2px; max-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
""")


def style_sheet(colors: Colors, small: float, title: float) -> str:
    """The whole sheet for one theme; `small` and `title` are the sizes beside the body's, in points."""
    dark = colors.text > "#8"
    return _SHEET.substitute(
        {name: getattr(colors, name) for name in Colors.__slots__ if name != "series"},
        field=colors.sunken if dark else colors.raised,
        edge=mixed(colors.outline, colors.raised, 0.45),
        fill_hover=mixed(colors.text, colors.fill, 0.12),
        scroll=mixed(colors.outline, colors.surface, 0.55),
        small=f"{small:g}",
        title=f"{title:g}",
    )
