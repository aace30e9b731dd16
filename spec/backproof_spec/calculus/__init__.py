"""An index calculus with symbolic dimensions: theorems for all shapes, from a small kernel.

Trusted: ``terms`` and ``kernel``. Untrusted, since whatever they do the kernel checks: ``notation`` and ``tactics``.
"""
