"""Scores of tool calls, answers and detections, one a file, each with its formula; what is scored lives in `suites`."""
