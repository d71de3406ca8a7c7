"""LetterWriter on Jinja templates beside this module; they see the story and nothing else."""

from functools import cached_property
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

from formicary.domain.letter import Letter, Story

_FOLDER = Path(__file__).parent / "templates"
MAX_SUBJECT = 200


class JinjaLetterWriter:
    """Writes letters; in HTML every value is escaped."""

    def write(self, story: Story) -> Letter:
        """Return the words."""
        return Letter(
            subject=" ".join(self._render("subject.txt", story).split())[:MAX_SUBJECT],
            text=self._render("letter.txt", story),
            html=self._render("letter.html", story),
            chat=_without_blanks(self._render("chat.txt", story)),
        )

    def _render(self, name: str, story: Story) -> str:
        return self._templates.get_template(name).render(story=story)

    @cached_property
    def _templates(self) -> SandboxedEnvironment:
        templates = SandboxedEnvironment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        templates.filters["chat"] = _for_chat
        return templates


def _without_blanks(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _for_chat(text: str) -> str:
    """Escape what Slack takes for a link or a mention: docs.slack.dev, "Formatting text"."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
