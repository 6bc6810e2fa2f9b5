"""The door: layers come in with nodata, CRS and unit put right once; results go out whole."""
