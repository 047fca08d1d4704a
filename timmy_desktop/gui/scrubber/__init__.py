"""The time scrubber: a bar to pick a moment with, and pages that show each dock as it was then."""
