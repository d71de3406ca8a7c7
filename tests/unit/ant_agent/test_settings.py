"""Settings of an ant."""

import pytest
from pydantic import ValidationError

from ant_agent.settings import Settings
from formicary.domain.states import TaskMethod


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMICARY_URL", "https://example.org")
    monkeypatch.setenv("FORMICARY_TOKEN", "t0ken")
    monkeypatch.setenv("FORMICARY_ANT_METHODS", "SHELL, HTTP_GET")
    monkeypatch.setenv("FORMICARY_ANT_TAGS", "linux,,big ")

    settings = Settings()

    assert settings.methods == (TaskMethod.SHELL, TaskMethod.HTTP_GET)
    assert settings.tags == ("linux", "big")
    assert "t0ken" not in repr(settings)
    assert settings.home.name == settings.id


@pytest.mark.parametrize(
    "wrong",
    [{"url": "ftp://x"}, {"capacity": 0}, {"id": "../up"}, {"methods": "SHOUT"}, {"methods": ""}],
)
def test_settings_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**({"url": "http://x", "token": "t"} | wrong))


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_tasks_never_see_credentials_of_the_ant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("COLOUR", "red")
    names = "PATH,COLOUR,AWS_SECRET_ACCESS_KEY,FORMICARY_TOKEN"

    shown = Settings(url="http://x", token="t", pass_environment=names).task_environment()

    assert set(shown) == {"PATH", "COLOUR"}
