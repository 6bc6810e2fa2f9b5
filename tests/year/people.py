"""Who acts in the year, and the papers and facts that a move usually comes with."""

from typing import Any

ROLES = {
    "ann": ("administrator", "registrar"), "desk": ("applicant",), "otto": ("officer",),
    "olga": ("officer",), "paul": ("park_authority",), "eva": ("expert",), "petra": ("decider",),
    "dan": ("decider",), "hugo": ("appeal_authority",), "ines": ("inspector",),
    "ivan": ("inspector",), "aud": ("auditor",),
}  # fmt: skip

OCCUPATION_BY = {
    "apply": "desk", "supplement": "desk", "withdraw": "desk", "appeal": "desk",
    "commence": "desk", "restore": "desk", "advise": "paul", "review": "eva", "opine": "petra",
    "approve": "dan", "refuse": "dan", "order": "dan", "hear": "hugo", "uphold_refusal": "hugo",
    "set_aside": "hugo", "inspect": "ines", "accept": "ines",
}  # fmt: skip
OCCUPATION_PAPERS = {
    "screen": ["screening_report"], "consult": ["consultation_letter"], "advise": ["park_opinion"],
    "review": ["review_opinion", "review_signatures"],
    "opine": ["opinion_seal", "recognition", "unavoidability_opinion"],
    "approve": ["decision_signature"], "refuse": ["decision_signature"],
    "deliver": ["service_receipt"], "appeal": ["appeal"], "hear": ["hearing_minutes"],
    "uphold_refusal": ["appeal_signature"], "set_aside": ["appeal_signature"],
    "offset": ["offset_acceptance"], "commence": ["commencement_notice"],
    "inspect": ["inspection_report"], "order": ["order_signature"],
    "restore": ["restoration_report"], "accept": ["restoration_acceptance"],
    "withdraw": ["withdrawal_letter"],
}  # fmt: skip
OCCUPATION_FACTS: dict[str, dict[str, Any]] = {
    "advise": {"advice": "agree"}, "review": {"unavoidable": True},
    "opine": {"opinion": "support"},
}  # fmt: skip
MAJOR_PAPERS = ("project_basis", "alternatives_study", "impact_assessment", "offset_plan")

SUPERVISION_BY = {
    "alert": "ines", "patrol": "paul", "complaint": "desk", "audit": "aud", "satellite": "ivan",
    "accept": "ines", "verify": "ines", "dismiss": "ivan", "find": "ivan", "order": "dan",
    "rectify": "desk", "reinspect": "ines", "return": "ines", "close": "petra",
    "transfer": "ivan", "escalate": "ivan", "extend": "dan", "hold_accountable": "dan",
}  # fmt: skip


def roles_toml() -> str:
    """roles.toml of the year: everyone acts for the whole country."""
    rows = []
    for name, roles in ROLES.items():
        posts = ", ".join(f'{{role = "{role}"}}' for role in roles)
        rows.append(f'[people.{name}]\nname = "{name.title()} Example"\nposts = [{posts}]\n')
    return "\n".join(rows)


def papers(*names: str) -> dict[str, str]:
    return {name: f"files/{name}.pdf" for name in names}
