"""Writing models as artifacts and running artifacts."""

from sk2torch.export.runtime import Runtime, runtime_of
from sk2torch.export.writing import export, load_runtime, read_metadata

__all__ = ["Runtime", "export", "load_runtime", "read_metadata", "runtime_of"]
