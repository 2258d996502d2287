"""Benchmarks of speed, each a module to run; what is answered right is for `evals.suites`."""
