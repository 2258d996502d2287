"""Measurements of training, each a command: `python -m finetune.benchmarks.NAME`."""
