"""Searches that plan anew at every decision of an online shop, with what is known then."""
