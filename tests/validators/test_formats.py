"""Check digits and structures: cards, credit codes, phones, addresses."""

import pytest

from form_schemas.kinds import FieldKind
from validators.formats import (
    FORMATS,
    RESIDENT_CARD,
    is_organization_code,
    judge_email,
    judge_id_card,
    judge_phone,
    judge_url,
    judge_uscc,
)


def reason_of(finding):
    return None if finding is None else finding.details["reason"]


def test_every_kind_is_bound():
    assert set(FORMATS) == set(FieldKind)


# Invented numbers.
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("420527197108032969", None),
        ("34132220070513320X", None),
        ("540221197304200741", "card_check"),
        ("45022420060924459", "card_length"),
        ("4202051999022900AX", "card_digits"),
        ("420205199902290012", "card_birth"),
        ("420205209913010012", "card_birth"),
        ("４２０５２７１９７１０８０３２９６９", "card_digits"),
        ("E00000031", "card_length"),
    ],
)
def test_numbers_of_a_resident_card(number, reason):
    assert reason_of(judge_id_card(number, RESIDENT_CARD)) == reason


@pytest.mark.parametrize("number", ["E00000031", "540221197304200741", "暂无01"])
def test_numbers_of_other_documents_have_no_check_digit(number):
    assert judge_id_card(number, "护照") is None


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("420527197108032969", None),
        ("E00000031", None),
        ("540221197304200741", "card_check"),
        ("45022420060924459", "card_length"),
        ("450224200609244", "card_length"),
    ],
)
def test_without_a_document_type_only_what_looks_like_a_card_is_judged(number, reason):
    assert reason_of(judge_id_card(number, None)) == reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("91320830MAN8LHN2X6", None),
        ("91320381MA7CG6E54A", "uscc_check"),
        ("91320830MA6KQY6", "uscc_length"),
        ("91320830MAN8LHNOX6", "uscc_characters"),
        ("91ABCDEFMAN8LHN2X6", "uscc_characters"),
    ],
)
def test_unified_social_credit_codes(code, reason):
    assert reason_of(judge_uscc(code)) == reason


@pytest.mark.parametrize(
    ("code", "is_right"),
    [
        ("MA87EEH19", True),
        ("MAHWGA2G-5", True),
        ("MALF3TX8X", True),
        ("MA87EEH18", False),
        ("MAHWGA2G-6", False),
        ("91320623MATC7K8F7E", True),
        ("91320623MATC7K8F7F", False),
        # The pattern judges these.
        ("12345", True),
        ("境外12", True),
    ],
)
def test_organisation_codes_are_judged_by_their_length(code, is_right):
    assert is_organization_code(code) is is_right


@pytest.mark.parametrize(
    "number",
    [
        "13900001234",
        "+86 13900001234",
        "8613900001234",
        "010-82345678",
        "(0512)65230000",
        "0512 6523000",
        "65230000",
        "0512-65230000-801",
        "0512-65230000转801",
        "400-820-8820",
        "4008208820",
        "+1 202 555 0100",
    ],
)
def test_phone_numbers(number):
    assert judge_phone(number) is None


@pytest.mark.parametrize(
    "number",
    [
        "无",
        "1380000012",
        "1300000",
        "12345",
        "139000012345",
        "13900001234/13900001235",
        "0" * 40_000,
        "1" * 40_000,
    ],
)
def test_what_is_no_phone_number(number):
    assert reason_of(judge_phone(number)) == "phone"


@pytest.mark.parametrize(
    "address", ["t2008@school.example.com", "a.b+c@x-y.cn", "a@例子.中国"]
)
def test_email_addresses(address):
    assert judge_email(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "zhang.example.cn",
        "hr@@example",
        "a@b",
        "a b@c.cn",
        "@x.cn",
        "a@.cn",
        "a@x.c",
        "a@" + "b" * 30_000,
        "a" * 30_000,
        "a@" + "b." * 15_000,
    ],
)
def test_what_is_no_email_address(address):
    assert reason_of(judge_email(address)) == "email"


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.com/e11",
        "www.example.com",
        "http://例子.中国/a?b=1#c",
        "example.com:8080",
        "HTTPS://EXAMPLE.COM",
    ],
)
def test_web_addresses(address):
    assert judge_url(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "无",
        "http://",
        "ftp://example.com",
        "www. example.com",
        "javascript:alert(1)",
        "a." * 16_000,
        "http://" + "a" * 30_000,
    ],
)
def test_what_is_no_web_address(address):
    assert reason_of(judge_url(address)) == "url"
