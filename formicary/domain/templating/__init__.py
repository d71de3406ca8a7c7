"""Go's text/template, sandboxed: `parse_template` reads one, `Evaluation` renders it."""

from formicary.domain.templating.assembler import assemble, parse_template
from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.environment import Env, Warn
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.evaluator import Evaluation
from formicary.domain.templating.nodes import Template

__all__ = [
    "Dialect",
    "Env",
    "Evaluation",
    "Template",
    "TemplateError",
    "Warn",
    "assemble",
    "parse_template",
]
