"""The planner, its flow, answers and the command line; tools and scoring do not live here."""

import os

# LangGraph reads this as it is imported: a checkpoint may then bring back known types only.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
