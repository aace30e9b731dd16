"""One module per operation: the definition, its explicit Jacobian, its backprop formula. Features first."""
