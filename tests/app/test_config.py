from pathlib import Path

import pytest

from app.config import (
    Config,
    ConfigError,
    MailSecurity,
    Mode,
    describe_settings,
    load_config,
    load_secret,
)

SECRET = "k7Qd0vX2mZt9LrPw5YcB8nHs3JfGa1Ue"


def test_without_settings_all_lies_in_one_folder():
    config = load_config({})
    assert config == Config()
    assert config.engine_url == "sqlite:///instance/tianbao.sqlite"
    assert not config.demo


def test_settings_come_from_the_environment():
    config = load_config(
        {
            "TIANBAO_MODE": "production",
            "TIANBAO_SECRET_KEY": SECRET,
            "TIANBAO_DATABASE_URL": "postgresql://db/tianbao",
            "TIANBAO_DATA_FOLDER": "/srv/data",
            "TIANBAO_EMBEDDED_WORKER": "false",
            "TIANBAO_MAX_UPLOAD_MB": "80",
            "TIANBAO_UNKNOWN": "x",
            "PATH": "/bin",
        }
    )
    assert config.mode is Mode.PRODUCTION
    assert config.engine_url == "postgresql://db/tianbao"
    assert config.file_folder == "/srv/data/files"
    assert (config.embedded_worker, config.max_upload_mb) == (False, 80)


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "change-me"])
def test_production_needs_a_secret_of_its_own(secret):
    with pytest.raises(ConfigError, match="TIANBAO_SECRET_KEY"):
        Config(mode=Mode.PRODUCTION, secret_key=secret)


def test_production_refuses_demo_data():
    with pytest.raises(ConfigError, match="TIANBAO_DEMO"):
        Config(mode=Mode.PRODUCTION, secret_key=SECRET, demo=True)


MAIL = {"mail_host": "mail.example.edu.cn", "mail_from": "noreply@example.edu.cn"}


def test_a_mail_server_needs_few_settings():
    config = Config(**MAIL)
    assert (config.mail_port, config.mail_security) == (587, MailSecurity.STARTTLS)


def test_without_a_mail_server_its_other_settings_do_not_matter():
    assert Config(mail_user="forms").mail_host == ""


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"mail_from": ""}, "TIANBAO_MAIL_FROM"),
        ({"mail_from": "nobody"}, "TIANBAO_MAIL_FROM"),
        ({"mail_from": "a@b.cn\nBcc: c@d.cn"}, "TIANBAO_MAIL_FROM"),
        ({"mail_user": "forms"}, "TIANBAO_MAIL_USER"),
        ({"mail_password": "geheim"}, "TIANBAO_MAIL_USER"),
        ({"mail_seconds": 0}, "TIANBAO_MAIL_SECONDS"),
        ({"public_url": "forms.example.edu.cn"}, "TIANBAO_PUBLIC_URL"),
    ],
)
def test_a_mail_setting_that_would_fail_later_is_named(settings, variable):
    with pytest.raises(ConfigError, match=variable):
        Config(**{**MAIL, **settings})


def test_production_sends_no_password_in_clear():
    account = {"mail_user": "forms", "mail_password": "geheim"}
    clear = {**MAIL, **account, "mail_security": MailSecurity.NONE}
    assert Config(**clear)
    with pytest.raises(ConfigError, match="TIANBAO_MAIL_SECURITY"):
        Config(mode=Mode.PRODUCTION, secret_key=SECRET, **clear)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TIANBAO_MAIL_SECURITY", "ssl"),
        ("TIANBAO_MODE", "live"),
        ("TIANBAO_DEMO", "perhaps"),
        ("TIANBAO_SESSION_HOURS", "-1"),
        ("TIANBAO_SESSION_HOURS", "twelve"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(variable, value):
    with pytest.raises(ConfigError, match=variable):
        load_config({variable: value})


def test_an_embedded_installation_makes_its_secret_once(tmp_path):
    config = Config(data_folder=tmp_path / "data")
    first = load_secret(config)
    assert len(first) >= 32
    assert load_secret(config) == first
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "data").iterdir()) == [tmp_path / "data" / "secret"]


def test_a_given_secret_is_used(tmp_path):
    config = Config(data_folder=tmp_path, secret_key=SECRET)
    assert load_secret(config) == SECRET
    assert list(tmp_path.iterdir()) == []


def test_every_setting_is_described():
    described = describe_settings()
    assert len(described) == len(Config.__dataclass_fields__)
    assert all(setting.doc.endswith(".") for setting in described)
    assert described[2].variable == "TIANBAO_DATA_FOLDER"
    assert described[2].default == str(Path("instance"))
