"""Benchmarks: the project and its reference in turn, in one run. Nothing here is a timed test."""
