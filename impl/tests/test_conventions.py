"""conventions: the notes' defaults, every invalid declaration named with what is accepted, and --declare."""

import pytest

from backproof_impl.conventions import (
    DTYPES,
    FIELDS,
    OUTPUTS,
    Conventions,
    Limits,
    UsageError,
    declarations,
    declare,
)

LIMITS_EXPECTED = (
    "expected limits=NAME=VALUE with NAME one of dtypes, depth, width, batch, logit, memory, seconds, empty, biases, "
    "magnitude, integers, infinite"
)


def test_the_defaults_are_the_notes():
    plain = Conventions()
    assert (plain.layout, plain.weights, plain.reduction) == ("features-first", "out-in", "sum")
    assert (plain.labels, plain.relu_at_zero, plain.unnormalised_labels) == ("distribution", 1, "derivative")
    assert (plain.accumulator, plain.arithmetic, plain.scale) == ("dtype", "ieee", {})
    assert plain.limits == Limits(("float16", "bfloat16", "float32", "float64"), None, None, 0, None)


def test_every_field_has_a_row_whose_first_value_is_the_default():
    plain = Conventions()
    assert list(FIELDS) == list(vars(plain))
    for name, row in FIELDS.items():
        assert row.meaning
        if row.values:
            assert getattr(plain, name) == row.values[0]


# --- what cannot be is named, with what is accepted -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"layout": "rows"}, "layout is 'rows', expected one of features-first, batch-first"),
        ({"weights": "in"}, "weights is 'in', expected one of out-in, in-out"),
        ({"reduction": "none"}, "reduction is 'none', expected one of sum, mean"),
        ({"labels": 3}, "labels is 3, expected one of distribution, one-hot, index"),
        ({"relu_at_zero": 1.5}, "relu_at_zero is 1.5, expected a number in Clarke's [0, 1]"),
        ({"relu_at_zero": -0.1}, "relu_at_zero is -0.1, expected a number in Clarke's [0, 1]"),
        ({"relu_at_zero": float("nan")}, "relu_at_zero is nan, expected a number in Clarke's [0, 1]"),
        ({"relu_at_zero": "0"}, "relu_at_zero is '0', expected a number in Clarke's [0, 1]"),
        (
            {"unnormalised_labels": None},
            "unnormalised_labels is None, expected one of derivative, fused, unsupported, rounding, ignored",
        ),
        (
            {"accumulator": "float8"},
            "accumulator is 'float8', expected one of dtype, float16, bfloat16, float32, float64",
        ),
        ({"arithmetic": "fast"}, "arithmetic is 'fast', expected one of ieee, flush-to-zero"),
        (
            {"scale": {"dW": 0}},
            "scale of dW is 0, expected another factor: 0 makes every implementation right",
        ),
        (
            {"scale": {"dW": "p"}},
            f"scale of dW is 'p', expected a number, batch or 1/batch, of one of {', '.join(OUTPUTS)}",
        ),
        ({"limits": {"depth": 1}}, "limits is {'depth': 1}, expected backproof.Limits(...)"),
    ],
)
def test_an_invalid_field_is_named_with_what_is_accepted(declared, message):
    with pytest.raises(UsageError) as raised:
        Conventions(**declared)
    assert str(raised.value) == f"conventions: {message}"


def test_all_problems_are_gathered():
    with pytest.raises(UsageError) as raised:
        Conventions(layout="rows", relu_at_zero=2, scale={"db": None})
    assert str(raised.value) == (
        "conventions: layout is 'rows', expected one of features-first, batch-first; "
        "relu_at_zero is 2, expected a number in Clarke's [0, 1]; "
        "scale of db is None, expected a number, batch or 1/batch, of one of Z, Y, S, L, loss, dW, dY, db, dZ, dS, dX"
    )


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"dtypes": ("float8",)}, "dtypes: 'float8', expected some of float16, bfloat16, float32, float64"),
        ({"depth": 0}, "depth: 0, expected a whole number of at least 1, or a pair: the least and the most"),
        ({"width": "wide"}, "width: 'wide', expected a whole number of at least 1, or a pair: the least and the most"),
        ({"batch": -1}, "batch: -1, expected a whole number of at least 0, or a pair: the least and the most"),
        ({"depth": (3, 2)}, "depth: (3, 2), expected a whole number of at least 1, or a pair: the least and the most"),
        ({"empty": 0}, "empty: 0, expected True or False"),
        ({"infinite": None}, "infinite: None, expected True or False"),
        (
            {"magnitude": (0, 1)},
            "magnitude: (0, 1), expected a pair of positive numbers: the least and the largest entry that is not 0",
        ),
        ({"logit": -1.0}, "logit: -1.0, expected a number of at least 0"),
    ],
)
def test_an_invalid_limit_is_named(declared, message):
    with pytest.raises(UsageError) as raised:
        Limits(**declared)
    assert str(raised.value) == f"limits: {message}"


def test_all_problems_of_limits_are_gathered():
    with pytest.raises(UsageError, match=r"limits: dtypes: 'int8', .*; depth: 0, .*; batch: -2, expected"):
        Limits(dtypes=("int8", "float64"), depth=0, batch=-2)


@pytest.mark.parametrize(
    "declared",
    [{"depth": 2.5}, {"width": 2.5}, {"batch": 0.5}, {"logit": float("nan")}, {"dtypes": ()}, {"dtypes": "float32"}],
    ids=str,
)
def test_limits_that_mean_nothing_are_refused(declared):
    (name, _), *_ = declared.items()
    with pytest.raises(UsageError, match=rf"^limits: {name}: [^;]*expected [^;]*$"):
        Limits(**declared)


@pytest.mark.parametrize("scale", [-1, {"dW": float("nan")}, {"dW": float("inf")}, {"dQ": 2}, {"": 2}, None], ids=str)
def test_scales_that_mean_nothing_are_refused(scale):
    with pytest.raises(UsageError, match=r"^conventions: scale .*expected"):
        Conventions(scale=scale)


# --- what is declared -----------------------------------------------------------------------------------------------


def test_declared_holds_the_fields_that_differ():
    assert Conventions().declared() == {}
    limits = Limits(depth=2)
    found = Conventions(layout="batch-first", relu_at_zero=0, scale={"dW": "batch"}, limits=limits).declared()
    assert found == {"layout": "batch-first", "relu_at_zero": 0, "scale": {"dW": "batch"}, "limits": {"depth": 2}}


# --- as the command line takes them ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ("layout=batch-first", Conventions(layout="batch-first")),
        ("weights=in-out", Conventions(weights="in-out")),
        ("reduction=mean", Conventions(reduction="mean")),
        ("labels=index", Conventions(labels="index")),
        ("relu_at_zero=0", Conventions(relu_at_zero=0)),
        ("relu_at_zero=0.5", Conventions(relu_at_zero=0.5)),
        ("unnormalised_labels=fused", Conventions(unnormalised_labels="fused")),
        ("accumulator=float32", Conventions(accumulator="float32")),
        ("intermediates=float32", Conventions(intermediates="float32")),
        ("arithmetic=flush-to-zero", Conventions(arithmetic="flush-to-zero")),
        ("scale=dW=-1", Conventions(scale={"dW": -1})),
        ("scale=db=batch", Conventions(scale={"db": "batch"})),
        ("scale=dW=1/batch", Conventions(scale={"dW": "1/batch"})),
        ("scale=dW=0.25", Conventions(scale={"dW": 0.25})),
        ("limits=depth=2", Conventions(limits=Limits(depth=2))),
        ("limits=width=16", Conventions(limits=Limits(width=16))),
        ("limits=batch=1", Conventions(limits=Limits(batch=1))),
        ("limits=depth=3..3", Conventions(limits=Limits(depth=(3, 3)))),
        ("limits=width=..16", Conventions(limits=Limits(width=(1, 16)))),
        ("limits=batch=2..", Conventions(limits=Limits(batch=(2, None)))),
        ("limits=empty=no", Conventions(limits=Limits(empty=False))),
        ("limits=infinite=no", Conventions(limits=Limits(infinite=False))),
        ("limits=biases=no", Conventions(limits=Limits(biases=False))),
        ("limits=magnitude=0.001..1e3", Conventions(limits=Limits(magnitude=(0.001, 1000)))),
        ("unnormalised_labels=rounding", Conventions(unnormalised_labels="rounding")),
        ("limits=batch=9007199254740993", Conventions(limits=Limits(batch=2**53 + 1))),
        ("limits=memory=contiguous,strided", Conventions(limits=Limits(memory=["contiguous", "strided"]))),
        ("limits=logit=80.5", Conventions(limits=Limits(logit=80.5))),
        ("limits=dtypes=float32,float64", Conventions(limits=Limits(dtypes=("float32", "float64")))),
    ],
)
def test_each_kind_of_field_can_be_declared(declaration, expected):
    assert declare(Conventions(), [declaration]) == expected
    assert declare(Conventions(), declarations(expected.declared())) == expected


def test_declarations_add_up_and_the_last_one_wins():
    start = Conventions(layout="batch-first", scale={"db": 2})
    found = declare(start, ["scale=dW=-1", "scale=db=3", "limits=depth=1", "limits=batch=2", "reduction=mean"])
    assert found == Conventions(
        layout="batch-first", scale={"db": 3, "dW": -1}, limits=Limits(depth=1, batch=2), reduction="mean"
    )
    assert start == Conventions(layout="batch-first", scale={"db": 2})
    assert declarations(found.declared()) == [
        "layout=batch-first",
        "reduction=mean",
        "scale=db=3",
        "scale=dW=-1",
        "limits=depth=1",
        "limits=batch=2",
    ]


_FIELDS = (
    "layout, weights, reduction, labels, relu_at_zero, unnormalised_labels, accumulator, intermediates, arithmetic, "
    "scale, limits"
)


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ("layout", f"--declare 'layout': expected FIELD=VALUE with FIELD one of {_FIELDS}"),
        ("colour=red", f"--declare 'colour=red': expected FIELD=VALUE with FIELD one of {_FIELDS}"),
        ("layout=rows", "conventions: layout is 'rows', expected one of features-first, batch-first"),
        ("relu_at_zero=one", "--declare relu_at_zero=one: 'one' is not a number"),
        ("relu_at_zero=2", "conventions: relu_at_zero is 2, expected a number in Clarke's [0, 1]"),
        (
            "limits=colour=1",
            f"--declare limits=colour=1: {LIMITS_EXPECTED}",
        ),
        (
            "limits=depth",
            f"--declare limits=depth: {LIMITS_EXPECTED}",
        ),
        ("limits=depth=deep", "--declare limits=depth=deep: 'deep' is not a number"),
        (
            "limits=depth=0",
            "limits: depth: 0, expected a whole number of at least 1, or a pair: the least and the most",
        ),
        ("limits=empty=never", "limits: empty: 'never', expected True or False"),
        ("limits=depth=2..deep", "--declare limits=depth=2..deep: 'deep' is not a number"),
        ("limits=dtypes=f4", f"limits: dtypes: 'f4', expected some of {', '.join(DTYPES)}"),
    ],
)
def test_each_error_says_what_is_expected(declaration, message):
    with pytest.raises(UsageError) as raised:
        declare(Conventions(), [declaration])
    assert str(raised.value) == message


@pytest.mark.parametrize("declaration", ["scale=dW=half", "scale=dW", "scale=2"])
def test_a_scale_that_cannot_be_read_is_quoted_as_it_was_written(declaration):
    with pytest.raises(UsageError) as raised:
        declare(Conventions(), [declaration])
    assert declaration in str(raised.value)


@pytest.mark.parametrize("value", ["inf", "nan", "2.5"])
def test_a_limit_that_counts_must_be_a_whole_number(value):
    with pytest.raises(UsageError, match=r"limits.*depth.*expected"):
        declare(Conventions(), [f"limits=depth={value}"])
