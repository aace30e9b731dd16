"""What the libraries differentiate: a module each."""
