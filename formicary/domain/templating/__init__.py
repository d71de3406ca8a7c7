"""Go's text/template, sandboxed: `parse_template` reads one, `Evaluation` renders it."""

from formicary.domain.templating.assembler import assemble, parse_template
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.evaluator import Env, Evaluation, Warn
from formicary.domain.templating.nodes import Template

__all__ = ["Env", "Evaluation", "Template", "TemplateError", "Warn", "assemble", "parse_template"]
