"""What matplotlib draws: one function, one PNG, the same bytes from the same table."""
