"""An index calculus with symbolic dimensions: theorems for all shapes, from a small kernel.

Trusted: ``terms`` and ``kernel``. Untrusted, since the kernel checks whatever they do: ``notation``, ``tactics``,
``normal``, and the theorems.
"""
