"""The base of every wrapped estimator."""

import copyreg
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base.columns import Column
from sk2torch.base.computed import FLOATING, Columns, Numbers, computed_columns, followed_columns, numbers_of
from sk2torch.base.encoding import InputEncoding
from sk2torch.base.source import Source
from sk2torch.base.surface import METHODS, methods_of, rebuild
from sk2torch.functional.unknown import refuse_rows

# Any number of features will do (estimators that never look at their input).
ANY_WIDTH = -1


class TorchEstimator(nn.Module):
    """A fitted scikit-learn estimator as a module.

    A subclass is abstract or final. A final one defines the methods that scikit-learn has for it
    (see ``surface.METHODS``) and ``from_sklearn``; methods are exported to TorchScript, narrowed to
    those of the fitted object, and ``forward`` chosen without a word in the subclass.

    Args:
        n_features_in: width of the input, or ``ANY_WIDTH``.
    """

    # True for estimators that hand their columns to children instead of reading them.
    routes_columns = False
    # True for those among them that refuse missing or infinite cells themselves.
    checks_input = False
    # Whether scikit-learn takes infinite values; and whether NaN may stand for a value that it takes.
    accepts_infinity = False
    accepts_missing = False
    # Whether a cell of ``transform``'s result is missing where that cell of the input is; and whether others may be.
    hands_on_missing = False
    may_give_missing = False
    # Whether ``prepare`` looks for missing or infinite cells: ``encode`` does not see those that an earlier step makes.
    refuses_missing: bool
    refuses_infinity: bool
    # Whether the answer for a row depends on the rows given with it: one stopping rule looks at them all.
    couples_rows = False
    # False for estimators without anything fitted, which older versions of scikit-learn take for unfitted ones.
    needs_fit = True
    # Whether methods take sparse CSR tensors; ``prepare`` makes the input of all others dense.
    accepts_sparse = False
    # Whether ``transform`` and ``inverse_transform`` give back their input.
    does_nothing = False
    # Whether scikit-learn's ``transform`` gives a scipy sparse matrix (the tensor is dense): always, or for one.
    sparse_output = False
    keeps_sparse = False
    # numpy dtype of what scikit-learn's ``transform`` returns; None for float64.
    output_dtype = None
    # numpy dtype of what scikit-learn's ``inverse_transform`` returns where it is not float64; its
    # tensors may then hold the markers of ``decoding`` for values that no number stands for.
    inverse_dtype = None
    # Whether scikit-learn's ``transform`` gives the dtype that it is given.
    keeps_dtype = False
    # Whether it makes integers of integers, as some functions of numpy do.
    keeps_input_dtype = False
    # Methods that scikit-learn's object has by name, but that always raise for its parameters.
    refused_methods: list[str] = []
    # Tensors that are fitted attributes as they stand, but for shape and dtype: the attribute's name by the tensor's.
    fitted_attributes: Mapping[str, str] = MappingProxyType({})
    # Parameters whose change scikit-learn cannot be told, and why; a name stands for those that it begins, too.
    fixed_tensors: Mapping[str, str] = MappingProxyType({})
    # Tensors that follow from others, in scikit-learn always: what they have to be where these are changed.
    derived_tensors: Mapping[str, str] = MappingProxyType({})
    # The methods that read a tensor, where not all do; see ``methods_asked``.
    read_by: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    # Tensors of which scikit-learn knows ``invariants`` only, such as terms of one sum.
    free_tensors: tuple[str, ...] = ()

    def __init__(self, n_features_in: int) -> None:
        super().__init__()
        self.n_features_in = n_features_in
        self.takes_sparse = self.accepts_sparse
        self.refuses_missing = self.refuses_infinity = False
        # Follows .to(), .float() and .cuda(): the dtype and device of inputs and results.
        self.register_buffer("anchor", torch.zeros((), dtype=torch.float64), persistent=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Properties are for Python callers; TorchScript would try to compile them.
        unused = [name for base in cls.__mro__ for name, item in vars(base).items() if isinstance(item, property)]
        cls.__jit_unused_properties__ = unused
        for name in METHODS:
            method = cls.__dict__.get(name)
            if callable(method):
                torch.jit.export(method)
        own = next((name for name in METHODS if callable(cls.__dict__.get(name))), None)
        if own is not None and "forward" not in cls.__dict__:
            cls.forward = cls.__dict__[own]

    @classmethod
    def fitted_part(cls, estimator: Any) -> Any:
        """What has to be fitted and knows the input's columns; a part, where the whole need not be fitted itself."""
        return estimator

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> "TorchEstimator":
        """Read a fitted estimator; the only code that sees scikit-learn.

        Args:
            estimator: the fitted object.
            columns: one per input feature; encoders ask them for the codes of their categories,
                meta-estimators hand them to ``wrap_child``, all others ignore them.

        Raises:
            UnsupportedParameter: what cannot be reproduced exactly, with the way out.
        """
        raise NotImplementedError

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        """The inverse of ``from_sklearn`` for what ``fitted_attributes`` does not tell.

        What is not written is not lost: ``unwrap`` reads the estimator again, and refuses where it is not this module.

        Args:
            estimator: a copy of the fitted object, to be written to; children are written already.
            changed: names of this module's tensors that are not those of the estimator.
        """

    @torch.jit.unused
    def methods_asked(self, part: str, methods: frozenset[str]) -> frozenset[str]:
        """Which methods of a part are called where ``methods`` of this estimator are.

        Args:
            part: dotted name of the module within this one.
            methods: of this estimator.
        """
        return frozenset(METHODS)

    @torch.jit.unused
    def invariants(self) -> dict[str, Tensor]:
        """What the answers depend on of ``free_tensors``."""
        return {}

    @torch.jit.unused
    def restrict_parameters(self) -> None:
        """Bring parameters that a step of training has moved back to values that scikit-learn's attributes may have.

        What follows from them (``derived_tensors``) follows. Called without gradients, for each part of a model; by
        default any value will do.
        """

    @torch.jit.unused
    def graph_form(self) -> nn.Module | None:
        """What exported graphs compute with instead, made of the numbers as they are; it is the part ``form`` then."""
        return None

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        """Bring a module of an earlier file, with the tensors and parts of that file, to what it would be today.

        A class whose tensors or parts get other names, shapes or meanings raises its ``_version``, torch's number of a
        module's layout, which files hold; blocks do the same. Without a number it is 1.

        Args:
            version: of the class when the file was written.

        Raises:
            ValueError: that cannot be told from what the file holds; it is to be converted again.
        """

    def output_columns(self, columns: Columns) -> Columns:
        """The columns of ``transform``'s result; ``Numbers`` when all are computed and never missing."""
        if self.output_dtype is not None:
            made = Numbers(np.dtype(self.output_dtype))
        else:
            made = numbers_of(columns) if self.keeps_dtype or self.keeps_input_dtype else FLOATING
        if isinstance(columns, list) and columns and self.hands_on_missing:
            return followed_columns(columns, made=made)
        if isinstance(columns, list) and columns and self.may_give_missing:
            computed = computed_columns(len(columns), made=made)
            computed[0].may_be_missing = True
            return computed
        return made

    def prepare(self, x: Tensor) -> Tensor:
        """Check the width of ``x`` and cast it to the module's dtype."""
        if x.dim() != 2:
            raise ValueError(f"Expected an input of shape (n_samples, n_features), got {x.dim()} dimension(s).")
        if self.n_features_in >= 0 and x.shape[1] != self.n_features_in:
            raise ValueError(
                f"X has {x.shape[1]} features, but the model is expecting {self.n_features_in} features as input."
            )
        if x.is_sparse_csr and not self.takes_sparse:
            x = x.to_dense()
        if self.refuses_missing or self.refuses_infinity:
            x = self.refuse_missing(x)
        if torch.jit.is_scripting():
            return x.to(self.anchor.dtype)
        else:
            # Attributes of modules are slow to find, and so is a conversion to the same dtype.
            dtype = self._buffers["anchor"].dtype
            return x if x.dtype == dtype else x.to(dtype)

    def refuse_missing(self, x: Tensor) -> Tensor:
        """``x``, unless cells that an earlier step has computed are missing or infinite, which this one refuses."""
        cells = x.values().unsqueeze(1) if x.is_sparse_csr else x
        strange = torch.zeros_like(cells, dtype=torch.bool)
        if self.refuses_missing:
            strange = strange | torch.isnan(cells)
        if self.refuses_infinity:
            strange = strange | torch.isinf(cells)
        message = "an earlier step gives NaN or infinity for some of these values, which the next one does not accept."
        cells = refuse_rows(cells, strange.any(dim=1), message)
        return x if x.is_sparse_csr else cells

    @torch.jit.unused
    def encode(self, table: Any) -> Tensor:
        """A table as a tensor on the module's device and dtype.

        Args:
            table: DataFrame, array, scipy sparse matrix or list of rows; strings become codes.

        Raises:
            InputError: missing columns, wrong width, unknown categories, text in a numeric column.
        """
        return self.encoding.to_tensor(table, self.anchor)

    @property
    def encoding(self) -> InputEncoding:
        """How tables become tensors; set on the root by ``wrap``."""
        return self.__dict__.get("_encoding") or InputEncoding(None)

    @property
    def source(self) -> Source:
        """The estimator that it was read from; an empty one of a module out of a pickle or file."""
        return self.__dict__.get("_source") or Source()

    def __reduce__(self) -> Any:
        # Compiled methods belong to one instance: copies, views and pickles are eager.
        state = {name: value for name, value in self.__dict__.items() if name not in METHODS and name != "forward"}
        specialisation = getattr(type(self), "_specialisation", None)
        if specialisation is None:
            return copyreg.__newobj__, (type(self),), state
        return rebuild, specialisation, state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # Files and pickles of earlier versions have none.
        self.__dict__.setdefault("refuses_missing", False)
        self.__dict__.setdefault("refuses_infinity", False)

    def extra_repr(self) -> str:
        return f"methods={methods_of(self)}" if "_encoding" in self.__dict__ else ""
