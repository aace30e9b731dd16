"""What runs: the small NumPy reference implementation, and targets: what is validated. Never imports the spec."""
