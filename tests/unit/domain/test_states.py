"""Methods beyond the built-in ones."""

import pytest
from pydantic import TypeAdapter, ValidationError

from formicary.domain.states import TaskMethod


def test_a_custom_method_is_a_method_that_needs_an_ant() -> None:
    method = TypeAdapter(TaskMethod).validate_python("CUSTOM_TERRAFORM")

    assert method == TaskMethod("CUSTOM_TERRAFORM")
    assert method.needs_ant
    assert TypeAdapter(TaskMethod).dump_json(method) == b'"CUSTOM_TERRAFORM"'
    assert TypeAdapter(TaskMethod).validate_json('"CUSTOM_TERRAFORM"') == method


@pytest.mark.parametrize(
    "text", ["CUSTOM", "CUSTOM_", "custom_x", "CUSTOM_x", "SHEL", "X_CUSTOM_Y"]
)
def test_another_word_is_none(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(TaskMethod).validate_python(text)
