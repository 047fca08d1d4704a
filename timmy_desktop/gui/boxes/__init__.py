"""Black boxes on screen: one is exported by a dialog, and one is looked at in a window of its own."""
