"""The Models page of the Preferences: what is there, what can be fetched, and which model is for what."""

from timmy_desktop.gui.preferences.models.page import ModelsPage
from timmy_desktop.gui.preferences.models.pulls import ModelPulls

__all__ = ["ModelPulls", "ModelsPage"]
