"""Looks at an installation without changing it, and says what is wrong and how to mend it."""
