"""From recordings to features: a front end applied, changed copies, and the store."""
