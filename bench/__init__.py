"""Benchmarks. On shared cores absolute figures vary, so compare what one run measures side by side."""
