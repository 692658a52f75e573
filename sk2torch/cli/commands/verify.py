"""``sk2torch verify``."""

from sk2torch.cli import options
from sk2torch.cli.checking import check, read_rows, report_dict
from sk2torch.cli.estimators import load_estimator
from sk2torch.cli.reporting import console, end, mistakes_explained, print_json
from sk2torch.export import read_metadata
from sk2torch.export.metadata import encoding_of


def verify(
    model: options.Model,
    artifact: options.Artifact,
    data: options.Data,
    rows: options.Rows = None,
    drop: options.Drop = None,
    tolerance: options.Tolerance = None,
    trust: options.Trust = None,
    trust_pickle: options.TrustPickle = False,
    json: options.Json = False,
) -> None:
    """Compare every method of an artifact with the estimator; exit code 1 where they differ."""
    with mistakes_explained():
        encoding = encoding_of(read_metadata(artifact))
        estimator = load_estimator(model, trust or (), trust_pickle)
        table = read_rows(data, encoding, drop or (), rows)
        report = check(estimator, artifact, table, tolerance)
        if json:
            print_json({"model": str(model), "artifact": str(artifact), "data": str(data), **report_dict(report)})
        else:
            console().print(report)
        end(report.passed)
