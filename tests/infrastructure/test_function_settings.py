"""A function's environment in the template is what its Settings read, no more and no less."""

from __future__ import annotations

import importlib

import pytest

FUNCTIONS = (
    "answer_attempt",
    "authorize_request",
    "authorize_socket",
    "handle_api",
    "keep_house",
    "publish_changes",
    "run_engine",
    "send_notifications",
    "serve_http",
    "serve_socket",
    "tell_watchers",
)


def _function(synthesised, name):
    handler = f"lambdas.{name}.handler.handler"
    (found,) = [
        function["Properties"]
        for function in synthesised.resources("AWS::Lambda::Function").values()
        if function["Properties"]["Handler"] == handler
    ]
    return found


def test_every_function_is_checked(dev):
    assert len(dev.resources("AWS::Lambda::Function")) == len(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_handler_exists(name):
    assert callable(importlib.import_module(f"lambdas.{name}.handler").handler)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_environment_is_what_settings_read(dev, name):
    settings = importlib.import_module(f"lambdas.{name}.settings").Settings
    prefix = settings.model_config["env_prefix"]
    fields = {
        str(spec.validation_alias or f"{prefix}{field}".upper()): spec
        for field, spec in settings.model_fields.items()
    }

    environment = set(_function(dev, name)["Environment"]["Variables"])

    assert environment <= set(fields)
    assert {field for field, spec in fields.items() if spec.is_required()} <= environment


@pytest.mark.parametrize("name", FUNCTIONS)
def test_runtime_and_limits_are_the_house_ones(dev, name):
    function = _function(dev, name)

    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    # Tasks take their time; all else is short.
    assert function["Timeout"] <= (900 if name == "serve_http" else 60)
    assert function["LoggingConfig"]["LogFormat"] == "JSON"


def test_all_functions_share_one_asset(dev):
    functions = dev.resources("AWS::Lambda::Function").values()

    assert len({function["Properties"]["Code"]["S3Key"] for function in functions}) == 1
