"""Tell a finished run's English sentences in another language, values and all.

A run keeps its findings and reasons as sentences. Each was made by `say`, so a template of the
catalogue fits it; the values found in its gaps fill the template's translation.
"""

import re
from collections.abc import Mapping
from functools import cache

from tianren.language import current_language
from tianren.reports import words


def retold(text: str) -> str:
    """The sentence in the current language, or as it is when no template fits."""
    language = current_language()
    if language == "en" or not text:
        return text
    plain, templates = _templates(language)
    if text in plain:
        return plain[text]
    for pattern, translation in templates:
        found = pattern.fullmatch(text)
        if found is not None:
            values = {k: _told(v, plain) for k, v in found.groupdict().items()}
            return translation.format(**values)
    return text


def _told(value: str, plain: Mapping[str, str]) -> str:
    """A value of a sentence: a message of its own, a layer, a criterion, or itself."""
    if value in plain:
        return plain[value]
    named = words.layer(value)
    named = words.criterion(value) if named == words.plain(value) else named
    return value if named == words.plain(value) else named


@cache
def _templates(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    from tianren.language import _catalogue

    whole = _catalogue(language)
    plain = {k: v for k, v in whole.items() if "{" not in k}
    # The longest template first: it is the one that fits most closely.
    gapped = sorted((k for k in whole if "{" in k), key=lambda k: (-len(_fixed(k)), k))
    # Values were written out in the telling: a translation's own number formats come too late.
    bare = {k: _GAP.sub(r"{\1}", whole[k]) for k in gapped}
    return plain, [(_pattern(k), bare[k]) for k in gapped if len(_fixed(k)) >= 12]


_GAP = re.compile(r"\{(\w+)[^}]*\}")


def _fixed(template: str) -> str:
    return _GAP.sub("", template)


def _pattern(template: str) -> re.Pattern[str]:
    """The template as a pattern whose named gaps take any text; a repeated gap repeats its text."""
    parts, last, seen = [], 0, set()
    for gap in _GAP.finditer(template):
        name = gap.group(1)
        parts.append(re.escape(template[last : gap.start()]))
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.*?)")
        seen.add(name)
        last = gap.end()
    return re.compile("".join([*parts, re.escape(template[last:])]), re.DOTALL)
