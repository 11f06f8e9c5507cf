"""The architectures: one module each, named under ``train.network``.

A module has a class ``Network(n_classes, shapes, settings)``, a `torch.nn.Module`. It takes the arrays that its
settings say it ``reads``, in their order, standardised, each of shape (batch, *shape), and gives logits of shape
(batch, n_classes); or in training, if it adds up the logits of views that each learn for themselves, (n_views, batch,
n_classes). With ``standardises_input = True`` it takes the arrays as they are, and standardises them itself. One that
begins with weights that others published has a method ``load_initial_weights()``; one whose parts learn at rates of
their own, ``parameter_groups(learning_rate)``. A new architecture is such a module and its settings in
`ser.params.Networks`; docs/extending.md shows how.
"""
