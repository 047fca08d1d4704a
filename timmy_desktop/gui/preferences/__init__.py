"""The Preferences dialog, and the settings file behind it."""

from timmy_desktop.gui.preferences.dialog import PreferencesDialog

__all__ = ["PreferencesDialog"]
