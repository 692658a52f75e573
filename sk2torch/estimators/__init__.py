"""One file per estimator, in the folders of sklearn's public modules; found by walking this package."""
