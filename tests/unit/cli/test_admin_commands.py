"""`formicary admin`: words, not tracebacks, where AWS is not set up."""

from formicary.entrypoints.cli.app import run


def test_a_tenant_that_queue_names_cannot_carry_is_refused(capsys):
    code = run(["admin", "create-token", "--table", "t", "--tenant", "two-words"])

    assert code == 2
    assert "underscores" in capsys.readouterr().err


def test_a_missing_region_is_told_in_words(capsys, monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    code = run(["admin", "create-token", "--table", "t"])

    assert code == 1
    assert "region" in capsys.readouterr().err
