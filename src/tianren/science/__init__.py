"""Equations by discipline: arrays in, arrays out, a paper for each. No file, no CRS, no country.

Short names of sources in the docstrings, beside author and year:
G17       Guidelines for delineating Ecological Conservation Redlines, MEP & NDRC 2017, No. 48
DE20      Guidelines for evaluating resource and environmental carrying capacity and the suitability
          of territorial development (trial), Ministry of Natural Resources, January 2020
SL 190    Standards for classification and gradation of soil erosion, SL 190-2007
FAO-56    Allen, Pereira, Raes & Smith 1998, Crop evapotranspiration, FAO paper 56
InVEST    Sharp et al. 2020, InVEST user's guide, The Natural Capital Project
HWSD      Harmonized World Soil Database 1.2, FAO and IIASA 2012
Gong et al. 2017, Acta Ecologica Sinica 37(7):2455; Liu et al. 2018, 38(5):1650; Zou et al. 2019,
ChinaXiv 201911.00021; Han et al. 2018, ChinaXiv 201809.00030.
"""
