"""The same proofs for Coq: ``export`` writes a proof file as Coq proof terms, ``check`` gives them to Coq.

``record`` keeps what Coq said, in spec/coq/checked.json, for those who have no Coq.
"""
