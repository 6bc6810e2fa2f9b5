"""Water: potential and actual evapotranspiration, runoff, and what an ecosystem retains.

Depths are mm per month or per year as said; areas km2; temperatures degC; latitudes degrees, south
< 0. Functions marked @equation work on numbers, on arrays of one shape and inside kernels; NaN in,
NaN out. Functions over months take stacks of shape (12, ...), January first.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tianren.science.equation import equation

Floats = NDArray[np.floating]

# A mean February has 28.25 days; the middle of each month is FAO-56 eq. 23, J = int(30.4 M - 15).
DAYS_IN_MONTH = (31.0, 28.25, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0)
MID_MONTH_DAY = tuple(int(30.4 * month - 15.0) for month in range(1, 13))


@equation
def solar_declination(day_of_year: float) -> float:
    """delta = 0.409 sin(2 pi J / 365 - 1.39), radians. FAO-56 (Allen et al. 1998) eq. 24."""
    return 0.409 * math.sin(2.0 * math.pi * day_of_year / 365.0 - 1.39)


@equation
def sunset_hour_angle(latitude: float, day_of_year: float) -> float:
    """omega_s = arccos(-tan(phi) tan(delta)), radians; 0 in polar night, pi in polar day.

    latitude in degrees, day of the year 1..366. FAO-56 (Allen et al. 1998) eq. 25.
    """
    cosine = -math.tan(math.radians(latitude)) * math.tan(solar_declination(day_of_year))
    if cosine >= 1.0:
        return 0.0
    if cosine <= -1.0:
        return math.pi
    return math.acos(cosine)


@equation
def day_length(latitude: float, day_of_year: float) -> float:
    """N = 24 omega_s / pi, hours of daylight. FAO-56 (Allen et al. 1998) eq. 34."""
    return float(24.0 / math.pi * sunset_hour_angle(latitude, day_of_year))


@equation
def extraterrestrial_radiation(latitude: float, day_of_year: float) -> float:
    """Ra = 24*60/pi Gsc dr [ws sin(phi) sin(delta) + cos(phi) cos(delta) sin(ws)], MJ/(m2 d).

    Gsc = 0.0820 MJ/(m2 min), dr = 1 + 0.033 cos(2 pi J / 365). FAO-56 (Allen et al. 1998) eq. 21,
    23.
    """
    phi = math.radians(latitude)
    delta = solar_declination(day_of_year)
    sunset = sunset_hour_angle(latitude, day_of_year)
    distance = 1.0 + 0.033 * math.cos(2.0 * math.pi * day_of_year / 365.0)
    beam = sunset * math.sin(phi) * math.sin(delta)
    beam += math.cos(phi) * math.cos(delta) * math.sin(sunset)
    return float(24.0 * 60.0 / math.pi * 0.0820 * distance * beam)


@equation
def heat_index_month(temperature: float) -> float:
    """i = (T/5)^1.514 for T > 0, else 0; T monthly mean, degC. Thornthwaite (1948)."""
    if temperature <= 0.0:
        return 0.0
    return math.exp(1.514 * math.log(temperature / 5.0))


@equation
def thornthwaite_month(
    temperature: float, heat_index: float, daylight: float, days: float
) -> float:
    """PET = 16 (N/12) (d/30) (10 T / I)^a, mm/month; 0 for T <= 0 degC. Thornthwaite (1948).

    a = 6.75e-7 I^3 - 7.71e-5 I^2 + 1.792e-2 I + 0.49239. Above 26.5 degC the power is replaced by
    -415.85 + 32.24 T - 0.43 T^2 with the same day factors (Willmott, Rowe & Mintz 1985).
    T monthly mean degC, I annual heat index, N daylight in hours, d days in the month.
    """
    if temperature <= 0.0:
        return 0.0
    factor = daylight / 12.0 * days / 30.0
    if temperature >= 26.5:
        return factor * (-415.85 + 32.24 * temperature - 0.43 * temperature * temperature)
    if heat_index <= 0.0:
        return math.nan
    a = 6.75e-7 * heat_index**3 - 7.71e-5 * heat_index**2 + 1.792e-2 * heat_index + 0.49239
    ratio = 10.0 * temperature / heat_index
    return factor * 16.0 * math.exp(a * math.log(ratio))


def heat_index(temperature: Floats) -> Floats:
    """I = sum of the twelve monthly indices. temperature (12, ...) degC -> (...). Thornthwaite
    (1948).
    """
    months = _twelve(temperature)
    total = np.zeros(months.shape[1:])
    for month in months:
        total += heat_index_month(month)
    return total


def thornthwaite(temperature: Floats, latitude: ArrayLike) -> Floats:
    """Monthly potential evapotranspiration, mm/month, from monthly mean temperature alone.

    temperature (12, ...) degC; latitude degrees, of shape (...) or broadcasting to it (one column
    of latitudes for a north-up geographic grid) -> (12, ...). Thornthwaite (1948), see
    thornthwaite_month.
    """
    months = _twelve(temperature)
    index = heat_index(months)
    phi = np.broadcast_to(np.asarray(latitude, dtype=float), index.shape)
    out = np.empty(months.shape)
    for m, month in enumerate(months):
        daylight = day_length(phi, float(MID_MONTH_DAY[m]))
        out[m] = thornthwaite_month(month, index, daylight, DAYS_IN_MONTH[m])
    return out


@equation
def hargreaves_samani_day(temperature: float, daily_range: float, radiation: float) -> float:
    """PET = 0.0023 (0.408 Ra) (T + 17.8) sqrt(Tmax - Tmin), mm/d, not below 0.

    T mean degC, Tmax - Tmin degC, Ra MJ/(m2 d); 0.408 turns MJ/m2 into mm of water (FAO-56 eq. 20).
    Hargreaves & Samani (1985); FAO-56 (Allen et al. 1998) eq. 52.
    """
    if temperature <= -17.8:
        return 0.0
    if daily_range < 0.0:
        return math.nan
    return 0.0023 * 0.408 * radiation * (temperature + 17.8) * math.sqrt(daily_range)


def hargreaves_samani(temperature: Floats, daily_range: Floats, latitude: ArrayLike) -> Floats:
    """Monthly potential evapotranspiration, mm/month, from temperature and its daily range.

    temperature, daily_range (12, ...) degC; latitude degrees, broadcasting to (...) -> (12, ...).
    Hargreaves & Samani (1985), see hargreaves_samani_day.
    """
    months, ranges = _twelve(temperature), _twelve(daily_range)
    phi = np.broadcast_to(np.asarray(latitude, dtype=float), months.shape[1:])
    out = np.empty(months.shape)
    for m, (month, daily) in enumerate(zip(months, ranges, strict=True)):
        radiation = extraterrestrial_radiation(phi, float(MID_MONTH_DAY[m]))
        out[m] = hargreaves_samani_day(month, daily, radiation) * DAYS_IN_MONTH[m]
    return out


@equation
def zhang(precipitation: float, potential: float, w: float) -> float:
    """ET = P (1 + w phi) / (1 + w phi + 1/phi), phi = PET/P, mm/a. Zhang, Dawes & Walker (2001).

    P, PET mm/a; w plant-available water coefficient, 1. ET = 0 where P or PET is 0 (the limit).
    It exceeds PET for w = 2 below phi = 0.5; actual_evapotranspiration caps it.
    """
    if precipitation <= 0.0 or potential <= 0.0:
        return 0.0
    # Times P above and below, so that no dryness index overflows where rain is next to nothing.
    wet = precipitation + w * potential
    return precipitation * wet / (wet + precipitation * precipitation / potential)


@equation
def fu(precipitation: float, potential: float, omega: float) -> float:
    """ET = P [1 + phi - (1 + phi^omega)^(1/omega)], phi = PET/P, mm/a. Fu (1981); omega > 1.

    P, PET mm/a; ET = 0 where P or PET is 0 (the limit).
    """
    if precipitation <= 0.0 or potential <= 0.0:
        return 0.0
    # The curve is the same in P and PET: with r the smaller over the larger,
    # ET = smaller - larger [(1 + r^omega)^(1/omega) - 1], which neither overflows nor cancels.
    smaller = precipitation if precipitation < potential else potential
    larger = potential if precipitation < potential else precipitation
    power = math.pow(smaller / larger, omega)
    return smaller - larger * math.expm1(math.log1p(power) / omega)


@equation
def actual_evapotranspiration(
    precipitation: float, potential: float, w: float, open_water: float
) -> float:
    """ET = min(Zhang, PET), mm/a; where open_water is 1 (water and wetland), ET = min(P, PET).

    P, PET mm/a; w as in zhang, ignored on open water. Zhang et al. (2001) with the energy limit.
    """
    if open_water > 0.5:
        return precipitation if precipitation < potential else potential
    estimate = zhang(precipitation, potential, w)
    if estimate > potential:
        return potential
    return float(estimate)


@equation
def et_clipped(precipitation: float, potential: float, w: float, open_water: float) -> float:
    """1 where the curve of Zhang et al. (2001) exceeds PET and was cut to it, else 0."""
    if open_water > 0.5:
        return 0.0
    estimate = zhang(precipitation, potential, w)
    return 1.0 if estimate > potential else 0.0


@equation
def runoff(precipitation: float, coefficient: float) -> float:
    """R = P alpha, mm/a; alpha is a fraction (tables give percent: divide by 100). Gong et al. 2017
    eq. 2.
    """
    return precipitation * coefficient


@equation
def water_retention(precipitation: float, coefficient: float, evapotranspiration: float) -> float:
    """W = P - R - ET = P (1 - alpha) - ET, mm/a; may be negative. Gong et al. 2017 eq. 1-2; G17
    Annex A.

    P, ET mm/a; alpha runoff coefficient as a fraction.
    """
    return float(precipitation - runoff(precipitation, coefficient) - evapotranspiration)


@equation
def water_volume(depth: float, area: float) -> float:
    """TQ = W A 10^3, m3/a; W mm/a, A km2. Gong et al. 2017 eq. 1."""
    return depth * area * 1000.0


@equation
def infiltration_factor(texture: float) -> float:
    """F_sic = rank / 13, 1; USDA texture class 1 (heavy clay) to 13 (sand). NPP index method, G17
    Annex A.
    """
    if texture < 1.0 or texture > 13.0:
        return math.nan
    return texture / 13.0


@equation
def water_index(npp: float, infiltration: float, precipitation: float, slope: float) -> float:
    """WR = NPP_mean F_sic F_pre (1 - F_slo). NPP index method, G17 Annex A.

    npp in its own unit (or scaled to 0-1); F_sic, and F_pre and F_slo scaled to 0-1 over the
    region.
    """
    return npp * infiltration * precipitation * (1.0 - slope)


def _twelve(stack: Floats) -> Floats:
    months = np.asarray(stack)
    if months.ndim == 0 or months.shape[0] != 12:
        raise ValueError(f"twelve months first, got an array of shape {months.shape}")
    return months
