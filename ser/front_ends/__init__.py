"""The front ends: one module each, named in ``features.front_end``.

A module has two functions, both pure: ``n_bands(params)`` gives the number of rows, ``analyse(signal, params)`` the
features, float32 of shape (n_bands, n_frames), of a mono signal in [-1, 1]. A new front end is such a module and its
name in `ser.params.FrontEnd`; docs/extending.md shows how.
"""
