"""What is true: full explicit Jacobians and rigorous rounding bounds, in arbitrary precision with mpmath.

Imports neither NumPy nor the implementation under test: that independence is what makes a comparison worth something.
"""
