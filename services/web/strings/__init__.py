"""What the pages say, in each language: a translation is one TOML file beside `en.toml`.

A plural is two keys with `_one` and `_other` at the end (Unicode CLDR's names); the scripts choose
by `Intl.PluralRules`, the pages by whether it is 1.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from services.core.reasons import ENGLISH, limits_in_words
from services.core.settings import Limits
from services.core.variants import ACCEPTED_TYPES

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Strings:
    """The strings in one language; calling it returns one of them, filled in."""

    language: str  # BCP 47
    table: dict[str, Any]

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the string at a dotted key, the plural for `count`; KeyError where there is none."""
        found: Any = self.table
        *tables, name = key.split(".")
        for part in tables:
            found = found[part]
        if "count" in values and name not in found:
            one = f"{name}_one"
            name = one if values["count"] == 1 and one in found else f"{name}_other"
        found = found[name]
        return str(found).format(**values) if values else str(found)

    def section(self, name: str) -> dict[str, str]:
        """Return one table of strings as they are, for the scripts."""
        return dict(self.table[name])

    def limits(self, limits: Limits) -> dict[str, str]:
        """Return the limits in words, as the sentences' placeholders."""
        words = limits_in_words(limits)
        if "limits" not in self.table:
            return words
        names = [name for name, _ in ACCEPTED_TYPES.values() if name != "HEIF"]
        number = {key: value.split()[0] for key, value in words.items()}
        here = {key: text.format(number[key]) for key, text in self.section("limits").items()}
        formats = self("list.comma").join(names[:-1]) + self("list.or") + names[-1]
        return {**words, **here, "formats": formats}

    def reasons(self, limits: Limits) -> dict[str, str]:
        """Return each reason's sentence, filled in."""
        sentences = {reason.value: text for reason, text in ENGLISH.items()}
        sentences |= self.table.get("reason", {})
        words = self.limits(limits)
        return {reason: text.format(**words) for reason, text in sentences.items()}


@lru_cache(maxsize=1)
def languages() -> dict[str, Strings]:
    """Return every language there is a file for, by its tag."""
    return {
        path.stem: Strings(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(Path(__file__).parent.glob("*.toml"))
    }


def strings_for(accept_language: str) -> Strings:
    """Return the strings in the language that an Accept-Language header likes best.

    A tag is met by an equal tag or by one of the same primary language (RFC 9110, 12.5.4, and RFC
    4647's lookup, generous with regions). What cannot be read counts as no wish.
    """
    return languages()[_chosen(accept_language[:200])]


@lru_cache(maxsize=256)
def _chosen(accept_language: str) -> str:
    wishes = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, parameter = part.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        wishes.append((-weight, position, tag.strip().lower()))
    available = languages()
    for weight, _, tag in sorted(wishes):
        if weight == 0:
            continue
        for name in available:
            if name.lower() == tag:
                return name
        for name in available:
            if name.lower().split("-")[0] == tag.split("-")[0]:
                return name
    return FALLBACK
