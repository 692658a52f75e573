"""Writing models as artifacts and running artifacts."""
