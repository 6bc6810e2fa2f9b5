"""ProtConn of a country with 20,000 protected areas, and what each of them carries.

Protected areas of irregular outline, sizes log-normal (radius 600 m in the middle), half of them in
clusters that overlap; three tenths of the square country as declared, less once overlap counts
once. Half at 10 km, paths followed to p = 1e-6 (199 km). On 300 of the same kind everything is
compared with the definition: the union dissolved, the distance of every pair of its parts, every
part as a step, each site taken away in turn.
"""

import argparse
import time
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.measure import Goal, at_most, told
from tianren.accounting.connectivity import (
    LinkRules,
    contributions,
    gains,
    network,
    patches,
    protconn,
)

SITES, FEW, CANDIDATES = 20_000, 300, 1_000
AREA_OF_ONE = 30e6  # m2 of country for each site
RULES = LinkRules(half=10e3, least=1e-6, across=50e3)


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for; 20,000 sites at its usual size."""
    size = min(2 * asked.size, SITES)
    print(f"\nProtConn of {size:,} protected areas", flush=True)
    found: list[Goal | str] = []
    same = told("protconn", "definition", "few", FEW, asked.threads)
    found.append(at_most("ProtConn / definition - 1, 300 sites", float(same.said[-1]), 1e-9))
    for function, what, minutes in (
        ("whole", "ProtConn and its fractions", 10.0),
        ("each", "ProtConn, every site and 1,000 candidates", 60.0),
    ):
        ours = told("protconn", function, "many", size, asked.threads)
        found += [
            at_most(f"{what}, minutes", ours.seconds / 60, minutes),
            at_most(f"{what}, peak resident GiB", ours.peak_mib / 1024, 8.0),
        ]
    return found


# -- what is measured, each in a process of its own ------------------------------------------------


def whole(kind: str, size: int, threads: int) -> float:
    land, sites = country(size)
    _warm(threads)
    started = time.perf_counter()
    net = network(patches(sites, land), RULES, workers=threads)
    found = protconn(net, land, RULES, workers=threads)
    seconds = time.perf_counter() - started
    print(f"{shapely.get_num_coordinates(sites).sum():,} vertices, {len(net.links.one):,} links")
    print(f"Prot {found.prot:.6f} %, ProtConn {found.protconn:.6f} %, {found.fractions()}")
    relative = 100 * found.eca_error / found.eca
    print(f"cut-off p = {RULES.least:g}; ECA {found.eca / 1e6:.6f} km2, too small by at most")
    print(f"{found.eca_error / 1e6:.3g} km2 or {relative:.2g} %")
    return seconds


def each(kind: str, size: int, threads: int) -> float:
    land, sites = country(size)
    _, others = country(size, seed=8, count=CANDIDATES)
    _warm(threads)
    started = time.perf_counter()
    net = network(patches(sites, land), RULES, spare=True, workers=threads)
    linked = time.perf_counter()
    print(f"links {linked - started:.0f} s", flush=True)
    lost = contributions(net, RULES, workers=threads)
    known = time.perf_counter()
    print(f"sites {known - linked:.0f} s, largest loss {lost.max() / 1e6:.3f} km2", flush=True)
    gained = gains(net, others, land, RULES, workers=threads)
    done = time.perf_counter()
    print(f"candidates {done - known:.0f} s, largest gain {gained.max() / 1e6:.3f} km2")
    return done - started


def definition(kind: str, size: int, threads: int) -> float:
    land, sites = country(size)
    rules = LinkRules(RULES.half, 1e-200, RULES.across)
    started = time.perf_counter()
    net = network(patches(sites, land), rules, spare=True, workers=threads)
    found = protconn(net, land, rules, workers=threads)
    lost = contributions(net, rules, workers=threads)
    seconds = time.perf_counter() - started
    wanted = _defined(sites, land)
    turns = range(0, size, max(size // 20, 1))
    apart = [lost[k] - (wanted - _defined(np.delete(sites, k), land)) for k in turns]
    print(f"largest difference of a site's loss, of ECA: {np.max(np.abs(apart)) / wanted:.1e}")
    print(abs(found.eca / wanted - 1))
    return seconds


def _defined(sites: NDArray[Any], land: Any) -> float:
    """ECA by its definition."""
    parts = shapely.get_parts(shapely.intersection(shapely.union_all(sites), land))
    p = np.exp(shapely.distance(parts[:, None], parts[None, :]) * np.log(0.5) / RULES.half)
    for k in range(len(parts)):
        np.maximum(p, p[:, k : k + 1] * p[k : k + 1, :], out=p)
    return float(np.sqrt(shapely.area(parts) @ p @ shapely.area(parts)))


def _warm(threads: int) -> None:
    """Everything is compiled before the clock starts."""
    land, sites = country(20)
    net = network(patches(sites, land), RULES, spare=True, workers=threads)
    protconn(net, land, RULES, workers=threads)
    contributions(net, RULES, workers=threads)
    gains(net, sites[:2], land, RULES, workers=threads)


# -- data ------------------------------------------------------------------------------------------


def country(size: int, seed: int = 5, count: int = 0) -> tuple[Any, NDArray[Any]]:
    """A square of land for so many sites, and as many sites, or `count` of them."""
    rng = np.random.default_rng(seed)
    side, count = (size * AREA_OF_ONE) ** 0.5, count or size
    hubs = rng.uniform(0, side, (max(count // 50, 1), 2))
    near = hubs[rng.integers(0, len(hubs), count)] + rng.normal(0, 12e3, (count, 2))
    places = np.where(rng.random((count, 1)) < 0.5, near, rng.uniform(0, side, (count, 2)))
    places = np.clip(places, 0, side)
    radii = np.exp(rng.normal(np.log(600.0), 1.0, count))
    shapes = [_outline(rng, place, radius) for place, radius in zip(places, radii, strict=True)]
    return shapely.box(0, 0, side, side), shapely.make_valid(np.array(shapes, dtype=object))


def _outline(rng: np.random.Generator, place: NDArray[np.float64], radius: float) -> Any:
    """An irregular outline: eight waves around a circle, more vertices for a larger one."""
    corners = int(np.clip(40 * (radius / 600) ** 0.8, 8, 3000))
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    waves = np.arange(1, 9)
    height, phase = rng.normal(0, 0.35 / waves), rng.uniform(0, 2 * np.pi, 8)
    reach = radius * np.exp((height * np.cos(turn[:, None] * waves + phase)).sum(axis=1))
    return shapely.Polygon(place + reach[:, None] * np.c_[np.cos(turn), np.sin(turn)])
