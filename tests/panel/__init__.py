"""The panel server: asked as a browser asks, and as others might."""
