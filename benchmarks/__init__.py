"""Speed and exactness of sk2torch beside other ways to run a fitted scikit-learn model."""
