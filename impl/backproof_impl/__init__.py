"""What runs: the small NumPy reference implementation, and targets, which are what is validated. Never imports the spec."""
