"""The architectures: one module each, named in ``train.model``.

A module has a class ``Network(n_classes, n_bands, n_frames, conv_dropout, dense_dropout)``, a `torch.nn.Module` that
takes standardised features of shape (batch, n_bands, n_frames) and gives logits of shape (batch, n_classes); or in
training, if it adds up the logits of views that each learn for themselves, (n_views, batch, n_classes). With
``standardises_input = True`` it takes the features as they are, and standardises them itself. A new architecture is
such a module and its name in `ser.params.Architecture`; docs/extending.md shows how.
"""
