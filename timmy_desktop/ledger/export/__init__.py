"""The ledger as files for other programs: spreadsheets, beancount, and JSON lines that can be read back."""

from timmy_desktop.ledger.export.writing import FORMATS, Format, LedgerExport, Progress

__all__ = ["FORMATS", "Format", "LedgerExport", "Progress"]
