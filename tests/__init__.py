"""The tests of Timmy Desktop; `tests.conditions` holds what they share."""
