"""What the tests of wrapped code share: verdicts on claims, findings, the refutation of one example, a refusal."""

import pytest

from backproof_impl.conventions import UsageError
from backproof_impl.loading import as_target
from backproof_properties import runner
from backproof_properties.judge import Refuted
from backproof_properties.results import Link
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES


def _outcome(target, claim, *, dtype="float64", examples=10):
    planned = runner.tasks((claim,), (dtype,), examples, 1)
    [task] = [task for task in planned if task.property.link is Link.IMPLEMENTATION]
    return runner.run(task, as_target(target))


@pytest.fixture
def outcome():
    """What becomes of the last link of a claim, the only one that looks at the target."""
    return _outcome


@pytest.fixture
def verdicts():
    """The verdict on each claim."""
    return lambda target, *claims, **options: {
        claim: str(_outcome(target, claim, **options).verdict) for claim in claims
    }


@pytest.fixture
def found():
    """The verdict on a claim, and the message of its finding."""

    def look(target, claim):
        outcome = _outcome(target, claim)
        return str(outcome.verdict), outcome.finding.message

    return look


@pytest.fixture
def refuted():
    """The message with which one example is refuted."""

    def judge(target, claim, **case):
        [check] = [each.check for each in PROPERTIES if (each.claim, each.link) == (claim, Link.IMPLEMENTATION)]
        with pytest.raises(Refuted) as raised:
            check(case, Subject(as_target(target), "float64"))
        return raised.value.finding.message

    return judge


@pytest.fixture
def refusal():
    """The one line with which a call is refused."""

    def refuse(call, *arguments, **options):
        with pytest.raises(UsageError) as raised:
            call(*arguments, **options)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    return refuse
