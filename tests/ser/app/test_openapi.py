"""What the service's description says of it is true, whatever is sent."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import CheckFunction, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ser.app.service import create_app
from ser.app.settings import Settings
from ser.inference.predictor import Predictor
from tests.ser.app.conftest import TOKEN


@pytest.fixture(scope="module")
def api(predictor: Predictor) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi(
        "/openapi.json",
        create_app(predictor, Settings(token=TOKEN, allowed_hosts=("testserver",))),
        headers={"Authorization": f"Bearer {TOKEN}"},
    )


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/health", GenerationMode.POSITIVE),  # there is nothing that could be wrong with it
        ("/metrics", GenerationMode.POSITIVE),
        ("/metrics", GenerationMode.NEGATIVE),
        ("/predict", GenerationMode.POSITIVE),
        ("/predict", GenerationMode.NEGATIVE),
    ],
)
def test_whatever_is_sent_is_answered_as_the_description_says(
    api: schemathesis.BaseSchema, path: str, mode: GenerationMode
) -> None:
    (operation,) = [found.ok() for found in api.include(path=path).get_all_operations() if isinstance(found, Ok)]
    # A description cannot say which bytes are a recording: most that fit it are answered 422.
    excluded: list[CheckFunction] = [positive_data_acceptance] if path == "/predict" else []
    n_sent = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def send(case: schemathesis.Case[Any]) -> None:
        nonlocal n_sent
        n_sent += 1
        case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"}, excluded_checks=excluded)

    send()
    assert n_sent >= (100 if path == "/predict" else 1)
