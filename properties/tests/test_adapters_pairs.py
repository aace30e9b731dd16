"""The operations in files that adapters offer: within the derived bounds, in the layout of the file."""

import importlib

import pytest

from backproof_impl.loading import as_target
from backproof_properties import checks
from backproof_properties.contract import Declined
from backproof_properties.drawing import drawn
from backproof_properties.results import Link
from backproof_properties.subject import Domain, Subject
from backproof_properties.tasks import Task
from backproof_spec import library

pytestmark = [
    pytest.mark.pytorch,
    pytest.mark.filterwarnings("ignore"),  # libraries warn of what is none of our business
    pytest.mark.no_cover,  # see CONTRIBUTING
]


@pytest.mark.parametrize(("adapter", "package"), [("pytorch", "torch"), ("jax", "jax")])
def test_what_an_adapter_has_of_operations_in_files_is_within_their_bounds(adapter, package):
    pytest.importorskip(package, reason=f"pip install 'backproof[{adapter}]'")
    names = importlib.import_module(f"backproof_impl.adapters.{adapter}").DEFINED
    for name in names:
        operation = library.operation(name)
        target = as_target(adapter, further=checks.signatures(operation))
        judged = [each for each in checks.properties(operation) if each.link is Link.IMPLEMENTATION]
        answered = 0
        for each in judged:
            domain = Domain("float64", target.conventions, largest=3, least=1, signatures=target.signatures)
            for case, _ in drawn(each, domain, Task(0, "float64", 4, 1, each)):
                try:
                    answered += each.check(case, Subject(target, "float64")) is not None
                except Declined:
                    continue
        assert answered >= len(judged), name


def test_what_a_version_does_not_have_yet_is_declined_with_the_one_that_has():
    pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")
    functions = importlib.import_module("backproof_impl.libraries.torch_functions")
    missing = functions._since("99.1", lambda X: functions.F.not_there_yet(X, 1))
    with pytest.raises(NotImplementedError, match=r"^PyTorch 2\..* does not have it, 99\.1 has$"):
        missing(1)
