"""Values only: what a region, a stem, a format, a state and an error are."""
