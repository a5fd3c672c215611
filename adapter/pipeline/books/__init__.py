"""The health book on the way through the pipeline, and the desk that shows it."""
