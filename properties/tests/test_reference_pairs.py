"""The reference implementation's pair of every built-in operation: there, and in every format within its bounds."""

import pytest
from few import few

from backproof_impl import reference
from backproof_impl.conventions import DTYPES
from backproof_impl.loading import as_target
from backproof_properties import checks
from backproof_properties.drawing import drawn
from backproof_properties.results import Link
from backproof_properties.subject import Domain, Subject
from backproof_properties.tasks import Task
from backproof_spec import library
from backproof_spec.claims import NOTES

LARGE = {
    *("lstm_cell", "gru_cell", "reset_after_gru_cell", "elman_sequence", "lstm_sequence", "gru_sequence"),
    *("multi_head_attention", "mlp_block", "transformer_block"),
}
DEFINED = sorted(library.built_in().keys() - NOTES.keys())


@pytest.mark.parametrize("name", few(DEFINED, lambda name: name not in LARGE))
def test_every_operation_has_a_pair_that_is_found_by_name_and_within_its_bounds(name):
    operation = library.operation(name)
    target = as_target(reference, further=checks.signatures(operation))
    assert {name, f"{name}_vjp"} <= target.functions.keys()
    judged = [each for each in checks.properties(operation) if each.link is Link.IMPLEMENTATION]
    for number, each in enumerate(judged):
        dtype = DTYPES[number % len(DTYPES)]
        domain = Domain(dtype, target.conventions, largest=3, least=1, signatures=target.signatures)
        for case, _ in drawn(each, domain, Task(0, dtype, 2, 1, each)):
            assert each.check(case, Subject(target, dtype)) is not None


def test_the_reference_has_no_functions_but_those():
    assert not hasattr(reference, "layer_nrm")
    assert not hasattr(reference, "__path__")
