"""Templates, style and script of the documentation site (`caltrop.render.docs`)."""
