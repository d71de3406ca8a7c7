"""Request bodies that refuse fields they do not know, and name the one that was probably meant."""

from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from formicary.service_layer.suggest import did_you_mean


class StrictBody(BaseModel):
    """A body in which a misspelled field is a fault, reported with all the others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            details = [cls._detail(dict(line)) for line in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, details) from None

    @classmethod
    def _detail(cls, line: dict[str, Any]) -> InitErrorDetails:
        message = str(line["msg"])
        if line["type"] == "extra_forbidden":
            message = f"Unknown field.{did_you_mean(str(line['loc'][-1]), cls.model_fields)}"
        # Braces would be read as placeholders of a message template.
        kind = PydanticCustomError("invalid", "{message}", {"message": message})
        return InitErrorDetails(type=kind, loc=line["loc"], input=line["input"])
