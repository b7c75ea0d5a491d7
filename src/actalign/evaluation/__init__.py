"""Benchmarks and metrics: what the scorers get right, with intervals and controls."""
