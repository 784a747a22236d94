"""The strings in each language, and which language a reader gets."""

import re
from typing import Any

import pytest

from services.core.reasons import Reason, sentence
from services.core.settings import Limits
from services.web.strings import Strings, languages, strings_for


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return dotted key → string."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-Hans-SG", "zh-CN"),
        ("fr,zh;q=0.5,en;q=0.7", "en"),
        ("fr;q=0.9,zh;q=0.5", "zh-CN"),
        ("en;q=0,zh;q=0.1", "zh-CN"),
        ("zh;q=nonsense", "en"),
        ("zh;q=0", "en"),
        ("*", "en"),
        (";;,,=\x00", "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_accept_language_chooses(header: str, language: str) -> None:
    """The best liked language that there is, else English."""
    assert strings_for(header).language == language


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [("en", 0, "0 photos"), ("en", 1, "1 photo"), ("en", 2, "2 photos"), ("zh-CN", 1, "1 张照片")],
)
def test_a_number_has_its_plural(language: str, count: int, text: str) -> None:
    """One photo, two photos; a language without plurals has one form."""
    assert languages()[language]("albums.count", count=count) == text


def test_translations_are_complete() -> None:
    """Each translation has every English string, but for plurals it has no use for, and no other."""
    english = flat(languages()["en"].table)
    optional = {key for key in english if key.endswith("_one")}
    for strings in languages().values():
        own = {
            key
            for key in flat(strings.table)
            if key.split(".")[0] not in ("list", "limits", "reason")
        }
        assert own <= set(english)
        assert set(english) - own <= optional


def test_translations_have_the_same_placeholders() -> None:
    """A translated sentence fills in what the English one does."""
    english = flat(languages()["en"].table)
    for strings in languages().values():
        for key, text in flat(strings.table).items():
            if key in english:
                assert set(re.findall(r"{(\w+)}", text)) == set(
                    re.findall(r"{(\w+)}", english[key])
                ), key


def test_every_reason_is_said_in_every_language() -> None:
    """English is the API's own sentence; every other language has one of its own for each code."""
    limits = Limits()
    assert languages()["en"].reasons(limits) == {
        reason.value: sentence(reason, limits) for reason in Reason
    }
    chinese = languages()["zh-CN"].reasons(limits)
    assert set(chinese) == {reason.value for reason in Reason}
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in chinese.values())
    assert chinese["too_large"] == "文件超过 25 MB。"
    assert chinese["too_many_pixels"] == "图片超过 100 百万像素。"
    formats = "JPEG、PNG、GIF、WebP、AVIF 或 HEIC"
    assert chinese["unsupported_format"].endswith(f"请使用 {formats}。")


def test_unknown_string_is_an_error() -> None:
    """A key that no file has is found by the first test that renders it."""
    with pytest.raises(KeyError):
        Strings("en", {"a": {"b": "c"}})("a.d")
