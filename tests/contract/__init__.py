"""Does the API keep to its OpenAPI document: `make contract`."""
