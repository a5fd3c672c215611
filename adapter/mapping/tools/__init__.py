"""What an integrator does with a mapping: lint, preview, diff, test, measure, show, begin one.

Functions give plain data; ``adapter.cli.authoring.map_cmd`` prints it, the console may too.
"""
