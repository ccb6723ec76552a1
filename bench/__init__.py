"""Benchmarks: each measures Bertline, and a peer where there is one, in one run, and prints what it found."""
