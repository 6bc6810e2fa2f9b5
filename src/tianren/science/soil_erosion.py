"""Soil erosion by water: the factors of RUSLE and the soil that vegetation holds back.

Units of the Chinese literature: R in MJ mm/(hm2 h a), K in t hm2 h/(hm2 MJ mm), soil loss in t/(hm2
a). Angles are degrees, textures percent, cover a fraction 0..1. NaN in, NaN out.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tianren.science.equation import equation

Floats = NDArray[np.floating]


# -- R, rainfall erosivity ----------------------------------------------------


@equation
def erosivity_from_fournier(index: float) -> float:
    """R = 0.1833 F^1.9957, MJ mm/(hm2 h a); F the modified Fournier index, mm.

    Zhang & Fu (2003); Zou et al. 2019 eq. 2.
    """
    if index <= 0.0:
        return 0.0
    return 0.1833 * math.exp(1.9957 * math.log(index))


@equation
def erosivity_from_annual(precipitation: float) -> float:
    """R = 0.0534 P^1.6548, MJ mm/(hm2 h a); P mm/a. Zhang & Fu (2003).

    Fitted to monsoon China: it overestimates where rain falls evenly over the year.
    """
    if precipitation <= 0.0:
        return 0.0
    return 0.0534 * math.exp(1.6548 * math.log(precipitation))


def fournier_index(precipitation: Floats) -> Floats:
    """F = sum p_j^2 / sum p_j, mm; 0 without rain. Zhang & Fu (2003); Zou et al. 2019 eq. 2.

    precipitation mm/month of one year or of normals, (12, ...) -> (...).
    """
    months = np.asarray(precipitation, dtype=float)
    if months.shape[0] != 12:
        raise ValueError(f"twelve months first, got an array of shape {months.shape}")
    total = months.sum(axis=0)
    squares = (months * months).sum(axis=0)
    return np.asarray(squares / np.where(total == 0.0, 1.0, total))


def erosivity_monthly(precipitation: Floats) -> Floats:
    """R from monthly normals of rain, mm/month (12, ...) -> (...), MJ mm/(hm2 h a).

    It underestimates R against erosivity_series, because F is convex. Zhang & Fu (2003).
    """
    return np.asarray(erosivity_from_fournier(fournier_index(precipitation)))


def erosivity_series(precipitation: Floats) -> Floats:
    """R from the F of every year, averaged: mm/month (years, 12, ...) -> (...), MJ mm/(hm2 h a).

    Zhang & Fu (2003); Zou et al. 2019 eq. 2.
    """
    index = np.mean([fournier_index(year) for year in precipitation], axis=0)
    return np.asarray(erosivity_from_fournier(np.asarray(index)))


def erosivity_daily(rain: Floats, month: ArrayLike, *, years: float, threshold: float) -> Floats:
    """R = sum over half-months of (1/n) sum_i sum_j alpha P^1.7265, MJ mm/(hm2 h a).

    rain (days, ...) mm/d over n = `years` years, month (days,) 1..12 of each day -> (...). Only
    days of at least `threshold` mm count; alpha is 0.3937 from May to September and 0.3101 from
    October to April. The half-months only order the sum. Xie, Yin, Liu et al. (2016); Liu et al.
    (2013), water census.
    """
    daily = np.asarray(rain, dtype=float)
    warm = np.isin(np.asarray(month), (5, 6, 7, 8, 9))
    total = np.zeros(daily.shape[1:])
    for day, is_warm in zip(daily, warm, strict=True):
        depth = np.where(day >= threshold, day, day * 0.0)
        total += (0.3937 if is_warm else 0.3101) * depth**1.7265
    return total / years


# -- K, soil erodibility ------------------------------------------------------


@equation
def erodibility_epic(sand: float, silt: float, clay: float, carbon: float) -> float:
    """K_EPIC = {0.2 + 0.3 exp[-0.0256 sa (1 - si/100)]} [si/(cl + si)]^0.3
    {1 - 0.25 C/[C + exp(3.72 - 2.95 C)]} {1 - 0.7 Sn/[Sn + exp(-5.51 + 22.9 Sn)]}.

    sand, silt, clay %, C organic carbon %, Sn = 1 - sa/100; in US customary units (short tons).
    Williams & Sharpley (1990); Zou et al. 2019 eq. 4.
    """
    if silt <= 0.0:
        return 0.0
    fine = 1.0 - sand / 100.0
    texture = 0.2 + 0.3 * math.exp(-0.0256 * sand * (1.0 - silt / 100.0))
    silty = (silt / (clay + silt)) ** 0.3
    humus = 1.0 - 0.25 * carbon / (carbon + math.exp(3.72 - 2.95 * carbon))
    sandy = 1.0 - 0.7 * fine / (fine + math.exp(-5.51 + 22.9 * fine))
    return float(texture * silty * humus * sandy)


@equation
def erodibility(sand: float, silt: float, clay: float, carbon: float) -> float:
    """K = (-0.01383 + 0.51575 K_EPIC) 0.1317, t hm2 h/(hm2 MJ mm), not below 0.

    The correction fits K_EPIC to Chinese plots, 0.1317 turns it into SI. Zhang K. et al. (2007).
    """
    k = (-0.01383 + 0.51575 * erodibility_epic(sand, silt, clay, carbon)) * 0.1317
    return 0.0 if k < 0.0 else k


@equation
def erodibility_floored(sand: float, silt: float, clay: float, carbon: float) -> float:
    """1 where the corrected K was negative and was set to 0, else 0."""
    raw = -0.01383 + 0.51575 * erodibility_epic(sand, silt, clay, carbon)
    return 1.0 if raw < 0.0 else 0.0


@equation
def texture_not_closed(sand: float, silt: float, clay: float) -> float:
    """1 where sand + silt + clay is not within 5 of 100 %, else 0: the three layers disagree."""
    total = sand + silt + clay
    return 1.0 if abs(total - 100.0) > 5.0 else 0.0


@equation
def organic_matter(carbon: float) -> float:
    """OM = 1.724 OC, both %. Van Bemmelen's factor."""
    return 1.724 * carbon


@equation
def texture_class(sand: float, silt: float, clay: float) -> float:
    """USDA texture class from percent sand, silt and clay, numbered as in HWSD (T_USDA_TEX).

    1 heavy clay (clay > 60), 2 silty clay, 3 clay, 4 silty clay loam, 5 clay loam, 6 silt, 7 silt
    loam, 8 sandy clay, 9 loam, 10 sandy clay loam, 11 sandy loam, 12 loamy sand, 13 sand. Soil
    Survey Manual (USDA 2017), chapter 3; the heavy clay class is FAO's (HWSD).
    """
    if clay >= 27.0:
        return float(clayey_class(sand, silt, clay))
    if silt + 1.5 * clay < 15.0:
        return 13.0
    if silt + 2.0 * clay < 30.0:
        return 12.0
    if clay >= 20.0 and silt < 28.0 and sand > 45.0:
        return 10.0
    if silt >= 80.0 and clay < 12.0:
        return 6.0
    if silt >= 50.0:
        return 7.0
    if clay >= 7.0 and sand <= 52.0 and silt >= 28.0:
        return 9.0
    return 11.0


@equation
def clayey_class(sand: float, silt: float, clay: float) -> float:
    """texture_class from 27 % clay on. Soil Survey Manual (USDA 2017), chapter 3."""
    if clay >= 35.0 and sand > 45.0:
        return 8.0
    if clay >= 40.0 and silt >= 40.0:
        return 2.0
    if clay > 60.0:
        return 1.0
    if clay >= 40.0:
        return 3.0
    if sand > 45.0:
        return 10.0
    return 4.0 if sand <= 20.0 else 5.0


# -- L and S, slope length and steepness --------------------------------------


@equation
def rill_ratio(slope: float) -> float:
    """beta = (sin/0.0896) / [3 sin^0.8 + 0.56], rill to interrill erosion, 1. McCool et al. (1989).

    slope in degrees. Zou et al. 2019 eq. 6.
    """
    if slope <= 0.0:
        return 0.0
    sine = math.sin(math.radians(slope))
    return float(sine / 0.0896 / (3.0 * sine**0.8 + 0.56))


@equation
def length_exponent(slope: float) -> float:
    """m = beta / (1 + beta), 1; slope in degrees. Foster et al. (1977); Zou et al. 2019 eq. 5."""
    beta = rill_ratio(slope)
    return float(beta / (1.0 + beta))


@equation
def length_factor(slope_length: float, slope: float, longest: float) -> float:
    """L = (lambda / 22.13)^m, 1; lambda in m, held at `longest`; slope in degrees. Zou et al. 2019
    eq. 5.
    """
    if slope_length <= 0.0:
        return 0.0 if slope > 0.0 else 1.0
    held = longest if slope_length > longest else slope_length
    return math.exp(length_exponent(slope) * math.log(held / 22.13))


@equation
def length_factor_grid(
    inflow_area: float, cell: float, slope: float, aspect: float, longest: float
) -> float:
    """L = [(A_in + D^2)^(m+1) - A_in^(m+1)] / [D^(m+2) x^m 22.13^m], 1. Desmet & Govers (1996) eq.
    8.

    A_in contributing area at the inlet, m2, held at `longest` * D; D cell size m; x = |sin a| +
    |cos a| of the aspect a; slope and aspect in degrees. For grids of 100 m and finer.
    """
    most = longest * cell
    area = most if inflow_area > most else inflow_area
    m = length_exponent(slope)
    angle = math.radians(aspect)
    across = abs(math.sin(angle)) + abs(math.cos(angle))
    inner = (area + cell * cell) ** (m + 1.0) - area ** (m + 1.0)
    return float(inner / (cell ** (m + 2.0) * across**m * 22.13**m))


@equation
def slope_length_capped(slope_length: float, longest: float) -> float:
    """1 where the slope length (or A_in / D) exceeds the cap, m, and was held at it, else 0."""
    return 1.0 if slope_length > longest else 0.0


@equation
def steepness_factor(slope: float, moderate: float, steep: float, flat_top: float) -> float:
    """S, 1, by slope in degrees: 10.8 sin + 0.03 below `moderate`; 16.8 sin - 0.50 below `steep`
    (McCool et al. 1987); 21.91 sin - 0.96 below `flat_top` (Liu et al. 1994); 9.5988 from there on.

    The three break angles, degrees, are a parameter set (soil.slope_breaks). S jumps at the joins.
    Zou et al. 2019 eq. 7.
    """
    if slope >= flat_top:
        return 9.5988
    sine = math.sin(math.radians(slope))
    if slope < moderate:
        return 10.8 * sine + 0.03
    if slope < steep:
        return 16.8 * sine - 0.50
    return 21.91 * sine - 0.96


# -- C, cover -----------------------------------------------------------------


@equation
def cover_fraction(ndvi: float, bare: float, full: float) -> float:
    """fc = (NDVI - NDVI_soil) / (NDVI_veg - NDVI_soil), held within 0..1. Zou et al. 2019.

    NDVI_soil and NDVI_veg are low and high percentiles of the region (criteria.ndvi_percentiles).
    """
    if full <= bare:
        return math.nan
    if ndvi <= bare:
        return 0.0
    return 1.0 if ndvi >= full else (ndvi - bare) / (full - bare)


@equation
def cover_factor(cover: float) -> float:
    """C = 1 at fc <= 0.1 %; 0.6508 - 0.3436 log10(fc %); 0 at fc >= 78.3 %. cover as a fraction
    0..1.

    Cai et al. (2000); Zou et al. 2019. C stays within 0..1.
    """
    percent = 100.0 * cover
    if percent <= 0.1:
        return 1.0
    if percent >= 78.3:
        return 0.0
    c = 0.6508 - 0.3436 * math.log10(percent)
    return 0.0 if c < 0.0 else c


@equation
def dryland_cover_factor(cover: float) -> float:
    """C = 0.221 - 0.595 log10(c1) of rain-fed cropland, held within 0..1; c1 = cover as a fraction.

    It exceeds 1 below 5 % cover. Rao et al., national ecosystem assessment; G17 Annex A.
    """
    if cover <= 0.0:
        return 1.0
    c = 0.221 - 0.595 * math.log10(cover)
    if c < 0.0:
        return 0.0
    return 1.0 if c > 1.0 else c


@equation
def dryland_cover_clipped(cover: float) -> float:
    """1 where the dryland formula leaves 0..1 and was held, else 0; cover as a fraction."""
    if cover <= 0.0:
        return 1.0
    c = 0.221 - 0.595 * math.log10(cover)
    return 1.0 if c > 1.0 or c < 0.0 else 0.0


COVER_BREAKS = (0.1, 0.3, 0.5, 0.7, 0.9)  # the six cover classes of the table, as fractions


def cover_factor_by_type(rows: Floats, type_number: NDArray[np.integer], cover: Floats) -> Floats:
    """C of each cell from the national table of type by cover class, 1; NaN where either is
    missing.

    rows (types, 6): C at cover < 10, 10-30, 30-50, 50-70, 70-90 and > 90 %; a row of NaN means
    dryland, whose C follows dryland_cover_factor. type_number (...) indexes rows, below 0 is
    missing; cover (...) 0..1. Rao Enming et al.; G17 Annex A.
    """
    cover_class = np.searchsorted(COVER_BREAKS, np.nan_to_num(cover), side="right")
    c = rows[np.maximum(type_number, 0), cover_class]
    c = np.where(np.isnan(c), dryland_cover_factor(np.asarray(cover, dtype=float)), c)
    return np.where(np.isnan(cover) | (type_number < 0), np.nan, c)


# -- A, soil loss and what is held back ---------------------------------------


@equation
def soil_loss(R: float, K: float, L: float, S: float, C: float, P: float) -> float:
    """A = R K L S C P, t/(hm2 a). Renard et al. (1997), eq. 1-1 of RUSLE; P = 1 where no practice
    is known.
    """
    return R * K * L * S * C * P


@equation
def soil_retention(R: float, K: float, L: float, S: float, C: float) -> float:
    """Ac = Ap - Ar = R K L S (1 - C), t/(hm2 a). Liu et al. 2018 eq. 5; G17 Annex A."""
    return R * K * L * S * (1.0 - C)


@equation
def soil_index(npp: float, erodibility: float, slope: float) -> float:
    """S_pro = NPP_mean (1 - K) (1 - F_slo). NPP index method, G17 Annex A.

    npp in its own unit (or scaled to 0-1); K and slope scaled to 0-1 over the region.
    """
    return npp * (1.0 - erodibility) * (1.0 - slope)


@equation
def soil_rule(
    slope: float,
    cover: float,
    vegetated: float,
    slope_extreme: float,
    cover_extreme: float,
    slope_important: float,
    cover_important: float,
) -> float:
    """Grade by rule: 5 where forest, shrub or grass is steep and dense, 3 where less so, else 1.
    DE20.

    slope degrees and cover 0..1 against the four thresholds; vegetated 1 for forest, shrub and
    grass.
    """
    if slope >= slope_extreme and cover >= cover_extreme and vegetated > 0.5:
        return 5.0
    return 3.0 if slope >= slope_important and cover >= cover_important else 1.0
