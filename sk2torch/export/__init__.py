"""Writing models as artifacts and running artifacts."""

from sk2torch.export.runtime import Runtime, runtime_of
from sk2torch.export.writing import artifact_at, export, load_runtime, model_file, read_metadata

__all__ = ["Runtime", "artifact_at", "export", "load_runtime", "model_file", "read_metadata", "runtime_of"]
