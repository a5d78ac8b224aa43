"""The panel: pages on loopback where stems are seen and heard before they land."""
