"""The planner's model: the client to it, the server that runs it, how the embedded one is put together."""
