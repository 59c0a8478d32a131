"""A daemon under load for a while, whose clock runs through a week meanwhile: does it grow, and does anybody starve?"""
