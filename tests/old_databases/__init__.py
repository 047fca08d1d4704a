"""Databases that older versions wrote, and how each release adds its own."""
