"""The online shop: jobs arrive, estimates err, machines break down."""
