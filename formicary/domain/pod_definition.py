"""Where and how a pod of the KUBERNETES method is placed: affinity, tolerations, labels."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from formicary.domain.field_types import (
    NeedyPart,
    Part,
    TextList,
    check_text,
    text_map,
)

_LABEL_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_LABEL_KEY = r"(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_MEND = "take up to 63 letters, digits, dots, dashes or underscores"

LabelKey = Annotated[
    str, AfterValidator(check_text(_LABEL_KEY, "must be the name of a label", _LABEL_MEND))
]
LabelValue = Annotated[
    str, AfterValidator(check_text(_LABEL_VALUE, "must be the value of a label", _LABEL_MEND))
]
Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
LabelMap = Annotated[dict[LabelKey, LabelValue], BeforeValidator(text_map)]
AnnotationMap = Annotated[dict[LabelKey, str], BeforeValidator(text_map)]
TolerationMap = Annotated[dict[str, Effect], BeforeValidator(text_map)]
Operator = Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]


class NodeRequirement(NeedyPart):
    """A requirement on a label or a field of a node."""

    needs: ClassVar[tuple[str, ...]] = ("key", "operator")

    key: str = Field("", description="Name of the label or field.")
    operator: Operator | None = Field(None, description="How the value is compared.")
    values: TextList = Field(default_factory=list, description="Values to compare with.")


class NodeTerm(Part):
    """Requirements that a node must meet all of."""

    match_expressions: list[NodeRequirement] = Field(
        default_factory=list, description="Requirements on labels."
    )
    match_fields: list[NodeRequirement] = Field(
        default_factory=list, description="Requirements on fields."
    )


class RequiredAffinity(NeedyPart):
    """Terms of which a node must meet one."""

    needs: ClassVar[tuple[str, ...]] = ("node_selector_terms",)

    node_selector_terms: list[NodeTerm] = Field(default_factory=list, description="The terms.")


class PreferredTerm(NeedyPart):
    """A term that makes a node a better place."""

    needs: ClassVar[tuple[str, ...]] = ("preference",)

    weight: int = Field(1, ge=1, le=100, description="How much better.")
    preference: NodeTerm = Field(default_factory=NodeTerm, description="The term.")


class NodeAffinity(Part):
    """On which nodes a pod may, or had better, run."""

    required_during_scheduling_ignored_during_execution: RequiredAffinity | None = Field(
        None, description="Where it may run."
    )
    preferred_during_scheduling_ignored_during_execution: list[PreferredTerm] = Field(
        default_factory=list, description="Where it had better run."
    )
