"""No tolerances, only bounds: how far a computed entry may lie from the exact one, derived from its number format.

``formats``    unit roundoff, smallest normal, largest finite; the arithmetic a target declares
``enclosure``  exact value and radius, entry by entry; the lemma that bounds every sum of products
one module per operation, with the stem it has in ``operations``: the enclosure of everything a conforming
implementation of that operation may return

The derivations are written out in docs/guide/rounding.md.
"""
