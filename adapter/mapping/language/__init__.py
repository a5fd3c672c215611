"""The mapping language: steps, options, rows and blocks compiled to functions of a scope."""
