"""Biodiversity maintenance: the NPP index and the rule; weighted richness is in species."""

from tianren.science.equation import equation


@equation
def biodiversity_index(
    npp: float, precipitation: float, temperature: float, altitude: float
) -> float:
    """S_bio = NPP_mean F_pre F_tem (1 - F_alt). NPP index method, G17 Annex A.

    npp in its own unit (or scaled to 0-1); the factors F scaled to 0-1 over the region.
    """
    return npp * precipitation * temperature * (1.0 - altitude)


@equation
def biodiversity_rule(
    priority_ecosystem: float, critical_species: float, vulnerable_species: float, germplasm: float
) -> float:
    """Grade by rule: 5, 3, else 1; each input is 1 where it is there and 0 where it is not. DE20.

    Extremely important: a natural ecosystem of the priority list in high integrity, the range of a
    critically endangered, endangered or nationally protected species, the main habitat of important
    wild germplasm. Important: the range of a vulnerable species.
    """
    if priority_ecosystem + critical_species + germplasm > 0.0:
        return 5.0
    return 3.0 if vulnerable_species > 0.0 else 1.0
