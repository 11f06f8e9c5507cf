"""The front ends: one module each, named under ``features.front_ends``.

A module is a `ser.features.front_end.FrontEnd`: it says whether a signal is padded for it, and has two pure functions,
``shapes(params, settings)`` and ``analyse(signal, params, settings)``, for the shapes and the values of the arrays that
it gives, by name. A new front end is such a module and its settings in `ser.params.FrontEnds`; docs/extending.md shows
how.
"""
