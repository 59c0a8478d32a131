"""Measures what the daemon costs against what the same work costs at least: `make bench`. Needs Linux (`/proc`)."""
