"""Benchmarks: ratios within one interleaved run, since absolute figures wander on shared cores."""
