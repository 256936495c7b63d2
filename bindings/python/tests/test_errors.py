"""What a failure of the machine is raised as."""

import evergrant
import pytest
from evergrant.errors import error_for, error_of
from evergrant.machine import Failure, FailureKind, Refusal


def failure(kind, code):
    return Failure(
        kind=kind,
        code=code,
        number=999,
        retry_at=None,
        company=None,
        error=None,
        description=None,
        sealing_key=None,
    )


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_is_of_its_kind_whatever_its_code(kind):
    error = error_for(failure(kind, "new_code"), "tenant-42")
    named = "".join(word.capitalize() for word in kind.name.split("_"))
    assert type(error) is getattr(evergrant, named)
    assert (error.code, error.number, error.tenant) == ("new_code", 999, "tenant-42")


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal.Misuse("misuse_tenant_invalid"), evergrant.Misuse),
        (Refusal.PackedInvalid("misuse_packed_invalid"), evergrant.Misuse),
        (Refusal.Failed("callback_state_unknown"), evergrant.CallbackRefused),
        (Refusal.Failed("host_record_newer"), evergrant.HostFailed),
        (Refusal.Failed("new_code"), evergrant.EvergrantError),
    ],
)
def test_a_refusal_is_of_its_kind(refusal, kind):
    error = error_of(refusal)
    assert type(error) is kind
    assert error.code == str(refusal)
