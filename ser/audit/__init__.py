"""The audit of a corpus: what condition its recordings are in, which are copies, and what its labels are short of."""
