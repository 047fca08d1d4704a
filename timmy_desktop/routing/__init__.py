"""The cascade router: every model call of the application goes through here."""
