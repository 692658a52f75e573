"""Small modules that two or more estimators share."""
