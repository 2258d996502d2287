"""Reports: images surveyed without a planner, told in claims that each cite the scene graph, checked, and rendered."""
