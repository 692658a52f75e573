"""PatchExtractor, which is refused."""

from sk2torch.base import refuse

refuse(
    "sklearn.feature_extraction.image.PatchExtractor",
    "expected an estimator of tables or documents; this one takes images and makes many results of each. Cut patches "
    "with torch.nn.functional.unfold, and wrap the steps after it.",
)
