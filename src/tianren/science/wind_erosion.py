"""Wind erosion: the revised wind erosion equation RWEQ and the sand that vegetation holds.

Fryrear et al. (1998, USDA-ARS Wind Erosion and Water Conservation Bulletin 1; 2000, JSWC 55:183) as
used in China (Liu et al. 2018 eq. 2-4). Winds m/s, textures and organic matter percent, cover a
fraction 0..1, slope degrees. Soil loss in kg/m2 a year (times 1000: t/km2; times 10: t/hm2). NaN
in, NaN out.
"""

import math

import numpy as np
from numpy.typing import NDArray

from tianren.science.equation import equation

Floats = NDArray[np.floating]


# -- WF, weather factor -------------------------------------------------------


@equation
def wind_at_two_metres(speed: float, height: float) -> float:
    """u2 = u1 (2 / z1)^(1/7), m/s at 2 m from a wind at z1 = `height` m. Power law; G17 Annex A."""
    if height <= 0.0:
        return math.nan
    return float(speed * (2.0 / height) ** (1.0 / 7.0))


@equation
def erosive_wind(speed: float) -> float:
    """u2 (u2 - u1)^2, m3/s3, for u2 above u1 = 5 m/s at 2 m, else 0. Fryrear et al. (2000)."""
    return speed * (speed - 5.0) ** 2 if speed > 5.0 else 0.0


def wind_value(speed: Floats, days: float) -> Floats:
    """Wf = sum over N observations of u2 (u2 - 5)^2 / N, times Nd days. Fryrear et al. (2000).

    speed (N, ...) m/s at 2 m over a period of `days` days -> (...). Monthly means hide the gusts
    that move soil: give observations.
    """
    values = np.asarray(speed, dtype=float)
    return np.asarray(np.sum(erosive_wind(values), axis=0) / values.shape[0] * days)


@equation
def air_density(altitude: float, temperature: float) -> float:
    """rho = 348.0 (1.013 - 0.1183 EL + 0.0048 EL^2) / T, kg/m3. Fryrear et al. (1998).

    altitude m (EL = altitude in km), temperature degC (T in kelvin).
    """
    el = altitude / 1000.0
    return 348.0 * (1.013 - 0.1183 * el + 0.0048 * el * el) / (temperature + 273.15)


@equation
def air_density_barometric(altitude: float, temperature: float) -> float:
    """rho = 1.293 (273 / (273 + t)) (P / 101.3), P = 101.3 (1 - 0.0255 h / 1000 * 6357 / (6357 + h
    / 1000))^5.256.

    altitude h m, temperature t degC; kg/m3. As in published RWEQ code; an alternative to
    air_density.
    """
    h = altitude / 1000.0
    pressure = (1.0 - 0.0255 * h * 6357.0 / (6357.0 + h)) ** 5.256
    return float(1.293 * 273.0 / (273.0 + temperature) * pressure)


@equation
def potential_evaporation_rweq(solar_radiation: float, temperature: float) -> float:
    """ETp = 0.0162 (SRad / 58.5) (T + 17.8), mm/d; SRad cal/(cm2 d), T degC. Samani & Pessarakli
    (1986).
    """
    if temperature <= -17.8:
        return 0.0
    return 0.0162 * solar_radiation / 58.5 * (temperature + 17.8)


@equation
def soil_wetness(evaporation: float, rain: float, rain_days: float, days: float) -> float:
    """SW = [ETp - (Rn + I) Rd / Nd] / ETp, held within 0..1; 0 where nothing can evaporate. Fryrear
    et al. (1998).

    ETp and rain plus irrigation of the period, mm; Rd days with rain of Nd = `days`.
    """
    if evaporation <= 0.0 or days <= 0.0:
        return 0.0
    wetness = (evaporation - rain * rain_days / days) / evaporation
    if wetness < 0.0:
        return 0.0
    return 1.0 if wetness > 1.0 else wetness


@equation
def weather_factor(wind: float, density: float, wetness: float, snow_free: float) -> float:
    """WF = Wf (rho / g) SW SD, kg/m; g = 9.8 m/s2; SD = 1 - P(snow deeper than 25.4 mm). Fryrear et
    al. (2000).
    """
    return wind * density / 9.8 * wetness * snow_free


# -- EF, SCF, K', C -----------------------------------------------------------

# The soils from which EF was fitted (Fryrear et al. 1994): values outside are held at the ends.
SAND, SILT, CLAY, SAND_TO_CLAY = (5.5, 93.6), (0.5, 69.5), (5.0, 39.3), (1.2, 53.0)
ORGANIC_MATTER, CARBONATE = (0.18, 4.79), (0.0, 25.2)
_SAND_LOW, _SAND_HIGH = SAND
_SILT_LOW, _SILT_HIGH = SILT
_CLAY_LOW, _CLAY_HIGH = CLAY
_RATIO_LOW, _RATIO_HIGH = SAND_TO_CLAY
_OM_LOW, _OM_HIGH = ORGANIC_MATTER
_LIME_LOW, _LIME_HIGH = CARBONATE


@equation
def held(value: float, low: float, high: float) -> float:
    """The value, or the end of the range it lies beyond."""
    if value < low:
        return low
    return high if value > high else value


@equation
def erodible_fraction(
    sand: float, silt: float, clay: float, organic_matter: float, carbonate: float
) -> float:
    """EF = (29.09 + 0.31 sa + 0.17 si + 0.33 sa/cl - 2.59 OM - 0.95 CaCO3) / 100, held within 0..1.

    All in %; inputs are held at the range of the fit (erodible_fraction_outside marks them).
    Fryrear et al. (1994).
    """
    cl = held(clay, _CLAY_LOW, _CLAY_HIGH)
    sa = held(sand, _SAND_LOW, _SAND_HIGH)
    total = 29.09 + 0.31 * sa + 0.17 * held(silt, _SILT_LOW, _SILT_HIGH)
    total += 0.33 * held(sa / cl, _RATIO_LOW, _RATIO_HIGH)
    total -= 2.59 * held(organic_matter, _OM_LOW, _OM_HIGH)
    total -= 0.95 * held(carbonate, _LIME_LOW, _LIME_HIGH)
    return float(held(total / 100.0, 0.0, 1.0))


@equation
def outside(value: float, low: float, high: float) -> float:
    """1 where the value lies outside the range, else 0."""
    return 1.0 if value < low or value > high else 0.0


@equation
def erodible_fraction_outside(
    sand: float, silt: float, clay: float, organic_matter: float, carbonate: float
) -> float:
    """1 where any input of EF lies outside the soils it was fitted to and was held, else 0. Fryrear
    et al. (1994).
    """
    count = outside(sand, _SAND_LOW, _SAND_HIGH) + outside(silt, _SILT_LOW, _SILT_HIGH)
    count += outside(clay, _CLAY_LOW, _CLAY_HIGH)
    count += outside(organic_matter, _OM_LOW, _OM_HIGH) + outside(carbonate, _LIME_LOW, _LIME_HIGH)
    ratio = held(sand, _SAND_LOW, _SAND_HIGH) / held(clay, _CLAY_LOW, _CLAY_HIGH)
    count += outside(ratio, _RATIO_LOW, _RATIO_HIGH)
    return 1.0 if count > 0.0 else 0.0


@equation
def crust_factor(clay: float, organic_matter: float) -> float:
    """SCF = 1 / (1 + 0.0066 cl^2 + 0.021 OM^2), 1; clay and organic matter %. Hagen (1991); Fryrear
    et al. (1998).
    """
    return 1.0 / (1.0 + 0.0066 * clay * clay + 0.021 * organic_matter * organic_matter)


@equation
def ridge_roughness(rise: float, distance: float) -> float:
    """Kr = 0.2 dH^2 / L, cm; rise dH over distance L. Fryrear et al. (2000)."""
    if distance <= 0.0:
        return math.nan
    return 0.2 * rise * rise / distance


@equation
def random_roughness(cover: float) -> float:
    """Crr = 17.46 (0.025 + 2.464 fvc^3.56)^0.738, cm; cover as a fraction. As in published RWEQ
    code.
    """
    if cover < 0.0:
        return math.nan
    return float(17.46 * (0.025 + 2.464 * cover**3.56) ** 0.738)


@equation
def roughness_factor(ridge: float, random: float) -> float:
    """K' = exp(1.86 Kr - 2.41 Kr^0.934 - 0.127 Crr), 1; Kr, Crr in cm. Fryrear et al. (2000)."""
    if ridge < 0.0:
        return math.nan
    return math.exp(1.86 * ridge - 2.41 * ridge**0.934 - 0.127 * random)


@equation
def roughness_from_slope(slope: float) -> float:
    """K' = cos(slope), 1; slope in degrees. The simple form of G17 Annex A."""
    return math.cos(math.radians(slope))


@equation
def wind_cover_factor(cover: float, coefficient: float) -> float:
    """C = exp(a SC), 1; SC cover in %, here a fraction 0..1; a < 0 by type
    (wind.cover_coefficients). G17 Annex A.
    """
    return math.exp(coefficient * 100.0 * cover)


# -- soil loss ----------------------------------------------------------------


@equation
def transport_capacity(x: float) -> float:
    """Qmax = 109.8 x, kg/m, x = WF EF SCF K' C. Fryrear et al. (1998); Liu et al. 2018 eq. 3."""
    return 109.8 * x


@equation
def critical_field_length(x: float) -> float:
    """s = 150.71 x^-0.3711, m; infinite at x = 0. Fryrear et al. (1998); Liu et al. 2018 eq. 3."""
    return math.inf if x <= 0.0 else 150.71 * math.exp(-0.3711 * math.log(x))


@equation
def wind_soil_loss(x: float, distance: float) -> float:
    """SL = (2 z / s^2) Qmax exp(-(z/s)^2), kg/m2 a year; z distance downwind, m. Liu et al. 2018
    eq. 2.

    x = WF EF SCF K' C, kg/m; 0 where x is 0. Not monotonic in x: see peak_driving_force.
    """
    if x <= 0.0:
        return 0.0
    s = critical_field_length(x)
    return float(
        2.0 * distance / (s * s) * transport_capacity(x) * math.exp(-((distance / s) ** 2))
    )


@equation
def sand_fixation(driving_force: float, cover: float, distance: float) -> float:
    """SR = SL_p - SL, kg/m2 a year: soil loss of bare ground (C = 1) less that under the cover C =
    `cover`.

    driving_force WF EF SCF K', kg/m; cover 0..1; distance z m (50). Liu et al. 2018 eq. 4. It may
    be negative beyond the peak of soil loss (beyond_peak marks those cells).
    """
    bare = wind_soil_loss(driving_force, distance)
    return float(bare - wind_soil_loss(driving_force * cover, distance))


@equation
def peak_driving_force(distance: float) -> float:
    """The x at which wind_soil_loss is greatest: x^0.7422 = (1.7422 / 0.7422) (150.71 / z)^2; 61.7
    at z = 50 m.

    From d SL / d x = 0. Beyond it less cover means less "loss", which is the model's fault, not the
    land's.
    """
    if distance <= 0.0:
        return math.nan
    return float((1.7422 / 0.7422 * (150.71 / distance) ** 2) ** (1.0 / 0.7422))


@equation
def beyond_peak(driving_force: float, distance: float) -> float:
    """1 where the potential x = WF EF SCF K' exceeds the peak of soil loss, else 0."""
    return 1.0 if driving_force > peak_driving_force(distance) else 0.0


# -- NPP index and rule -------------------------------------------------------


@equation
def evaporation_from_humidity(temperature: float, humidity: float) -> float:
    """ETP_i = 0.19 (20 + T_i)^2 (1 - r_i), mm/month; T degC, r relative humidity 0..1. G17 Annex A;
    0 below -20.
    """
    if temperature <= -20.0:
        return 0.0
    return 0.19 * (20.0 + temperature) ** 2 * (1.0 - humidity)


def climate_erosivity(
    wind: Floats, evaporation: Floats, precipitation: Floats, days: tuple[float, ...]
) -> Floats:
    """F_q = (1/100) sum over months of u^3 [(ETP - P) / ETP] d. FAO (1979); G17 Annex A.

    wind m/s at 2 m, evaporation and precipitation mm/month, all (12, ...); days of each month ->
    (...). A month wetter than its evaporation, or without evaporation, adds nothing.
    """
    total = np.zeros(np.shape(wind)[1:])
    for u, etp, rain, length in zip(wind, evaporation, precipitation, days, strict=True):
        deficit = np.where(etp > rain, etp - rain, 0.0 * (etp + rain))
        dry = np.divide(deficit, etp, out=deficit * 0.0, where=etp > 0)
        total += u**3 * dry * length
    return total / 100.0


@equation
def surface_roughness_index(slope: float) -> float:
    """D = 1 / cos(theta), 1; slope in degrees below 90. G17 Annex A."""
    return 1.0 / math.cos(math.radians(slope)) if slope < 90.0 else math.nan


@equation
def sand_fixation_index(npp: float, erodibility: float, climate: float, roughness: float) -> float:
    """S_ws = NPP_mean K F_q D. NPP index method, G17 Annex A; K and F_q scaled to 0-1 over the
    region.
    """
    return npp * erodibility * climate * roughness


@equation
def sand_rule(
    sand: float,
    gale_days: float,
    cover: float,
    vegetated_dryland: float,
    sand_extreme: float,
    days_extreme: float,
    cover_extreme: float,
    sand_important: float,
    days_important: float,
    cover_important: float,
) -> float:
    """Grade by rule on forest, shrub or grass of drylands: 5, 3, else 1; 0 elsewhere (not
    applicable). DE20.

    sand %, days with gale a year, cover 0..1, against their thresholds; vegetated_dryland 1 or 0.
    """
    if vegetated_dryland < 0.5:
        return 0.0
    if sand >= sand_extreme and gale_days >= days_extreme and cover >= cover_extreme:
        return 5.0
    enough = sand >= sand_important and gale_days >= days_important and cover >= cover_important
    return 3.0 if enough else 1.0
