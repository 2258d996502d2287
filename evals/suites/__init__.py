"""What is run and scored, one suite a file; the formulas live in `evals.metrics`."""
