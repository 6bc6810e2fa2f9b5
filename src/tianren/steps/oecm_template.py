"""The step behind `tianren oecm --template`: a workbook in which people answer for each site."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.accounting.oecm import criteria
from tianren.errors import UserError
from tianren.language import current_language, say, say_many
from tianren.reports.workbook import Sheet, book_bytes
from tianren.steps.kept_line import standing_line
from tianren.steps.oecm_sites import RECORDED, read_places

if TYPE_CHECKING:
    from tianren.project.project import Project

# Words of the template are read back, so they are those of headings.csv and assessment_words.csv.
_HEADS = {
    "en": ("site", "name", "criterion", "question", "answer", "evidence", "consent", "date",
           "assessor", "type", "conservation"),
    "zh_Hans": ("地块", "名称", "标准", "问题", "答案", "证据", "同意", "日期", "评估人", "类型",
                "保护性质"),
    "es": ("sitio", "nombre", "criterio", "pregunta", "respuesta", "evidencia", "consentimiento",
           "fecha", "evaluador", "tipo", "conservación"),
}  # fmt: skip
_CHOICES: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "en": {4: ("yes", "partly", "no", "unknown"), 6: ("yes", "no", "unknown", "not needed"),
           10: ("primary", "secondary", "ancillary")},
    "zh_Hans": {4: ("是", "部分", "否", "未知"), 6: ("是", "否", "未知", "不需要"),
                10: ("主要", "次要", "附带")},
    "es": {4: ("sí", "parcial", "no", "desconocido"), 6: ("sí", "no", "desconocido", "no aplica"),
           10: ("primaria", "secundaria", "auxiliar")},
}  # fmt: skip


@dataclass(frozen=True)
class Template:
    """The answer of `tianren oecm --template FILE`."""

    path: Path
    sites: int

    def as_dict(self) -> dict[str, Any]:
        return {"file": str(self.path), "sites": self.sites}

    def text(self) -> str:
        lines = [
            say_many(
                "{n} site to answer for: {file}",
                "{n} sites to answer for: {file}",
                self.sites,
                file=self.path,
            ),
            say("Next: fill it in, add it to catalog.toml, and name it as [account] oecm."),
        ]
        return "\n".join(lines)


def template(project: "Project", path: Path) -> Template:
    """Write a workbook with a row for each criterion of each site that waits, for people to fill.

    Recorded OECMs and what could become one are in it. A file that is there is never replaced.
    """
    if path.suffix.lower() != ".xlsx":
        raise UserError(
            f"{path.name} is not a workbook's name", where=str(path), next_step="end it with .xlsx"
        )
    if path.exists():
        raise UserError(
            "the file is there already", where=str(path),
            next_step="name another file, so that no answer is lost",
        )  # fmt: skip
    places = read_places(project, standing_line(project), project.parameters())
    mine = places.every[places.every["potential"] | (places.every["origin"] == RECORDED)]
    rows = [
        (site, name, c.id, f"{c.name}. {c.question}", "", "", "", "", "", kind, "")
        for site, name, kind in mine[["site", "name", "type"]].to_numpy()
        for c in criteria()
    ]
    tongue = current_language()
    sheets = [
        Sheet(say("Answers"), _HEADS[tongue], rows, _CHOICES[tongue]),
        Sheet(say("Criteria"), _HEADS[tongue][2:4], [
            (c.id, f"{c.name}. {c.question}") for c in criteria()
        ]),
    ]  # fmt: skip
    try:
        path.write_bytes(book_bytes(sheets, say("OECM assessment"), project.day))
    except OSError as fault:
        raise UserError(
            f"the file cannot be written: {fault.strerror}", where=str(path),
            next_step="choose a folder that is there and may be written to",
        ) from fault  # fmt: skip
    return Template(path, len(mine))
