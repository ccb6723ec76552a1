"""The library that the jobs share: contract, sources, features, training, metrics, report."""
