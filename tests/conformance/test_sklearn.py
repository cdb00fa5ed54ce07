"""scikit-learn's array-API functions and estimators on recorded arrays, unchanged."""

import warnings

import numpy as np
import pytest

import gpugrad as gg
from tests.conformance.differentiated import assert_differentiated, assert_twice_differentiated

sklearn = pytest.importorskip("sklearn")
cluster = pytest.importorskip("sklearn.cluster")
decomposition = pytest.importorskip("sklearn.decomposition")
discriminant_analysis = pytest.importorskip("sklearn.discriminant_analysis")
linear_model = pytest.importorskip("sklearn.linear_model")
metrics = pytest.importorskip("sklearn.metrics")
mixture = pytest.importorskip("sklearn.mixture")
pairwise = pytest.importorskip("sklearn.metrics.pairwise")
pipeline = pytest.importorskip("sklearn.pipeline")
preprocessing = pytest.importorskip("sklearn.preprocessing")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 3)), RNG.normal(size=(5, 3))
P = RNG.uniform(0.2, 2.0, (8, 3))
TARGET, WEIGHTS = RNG.normal(size=8), RNG.uniform(0.5, 1.5, 8)
LABELS = np.array([0, 1, 0, 1, 1, 0, 1, 0])
MEANS = RNG.normal(size=(2, 3))
# No two coordinates are near each other, where |x - y| has its kink.
FAR_X, FAR_Y = np.split(RNG.permutation(39).reshape(13, 3) / 10.0, [8])


@pytest.fixture(autouse=True)
def dispatch():
    """Let scikit-learn follow its arguments, and divide by zero where it means to.

    It silences NumPy's warnings where its arrays are NumPy's alone.
    """
    with sklearn.config_context(array_api_dispatch=True), np.errstate(all="ignore"):
        yield


def namespace(x):
    return x.__array_namespace__() if isinstance(x, gg.Tracked) else np


def distances(metric):
    return lambda x, y: pairwise.pairwise_distances(x, y, metric=metric)


def mixture_of_two(x, means, kind="full"):
    """Return two steps of the EM algorithm from a start that depends on no random number."""
    xp = namespace(x)
    precisions = {
        "full": np.stack([np.eye(3), 2.0 * np.eye(3)]),
        "tied": np.eye(3),
        "diag": np.ones((2, 3)),
        "spherical": np.ones(2),
    }
    model = mixture.GaussianMixture(
        2,
        covariance_type=kind,
        weights_init=xp.asarray([0.4, 0.6]),
        means_init=means,
        precisions_init=xp.asarray(precisions[kind]),
        init_params="random",
        random_state=0,
        max_iter=2,
        tol=0.0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two steps do not converge
        return model.fit(x)


KERNELS = {
    "rbf_kernel": (pairwise.rbf_kernel, X, Y),
    "rbf_kernel of one": (pairwise.rbf_kernel, X),
    "linear_kernel": (pairwise.linear_kernel, X, Y),
    "polynomial_kernel": (pairwise.polynomial_kernel, X, Y),
    "sigmoid_kernel": (pairwise.sigmoid_kernel, X, Y),
    "laplacian_kernel": (pairwise.laplacian_kernel, FAR_X, FAR_Y),
    "chi2_kernel": (pairwise.chi2_kernel, P),
    "additive_chi2_kernel": (pairwise.additive_chi2_kernel, P),
    "cosine_similarity": (pairwise.cosine_similarity, X, Y),
    "pairwise_kernels": (lambda x, y: pairwise.pairwise_kernels(x, y, metric="rbf"), X, Y),
}

DISTANCES = {
    "euclidean_distances": (pairwise.euclidean_distances, X, Y),
    # Where x is compared with itself, forward mode has 0 · ∞ = NaN of the square root of 0.
    "euclidean_distances of one": (
        lambda x: pairwise.euclidean_distances(x)[~np.eye(8, dtype=bool)],
        X,
    ),
    "euclidean_distances squared": (
        lambda x, y: pairwise.euclidean_distances(x, y, squared=True),
        *(X, Y),
    ),
    "manhattan_distances": (pairwise.manhattan_distances, FAR_X, FAR_Y),
    "cosine_distances": (pairwise.cosine_distances, X, Y),
    "paired_euclidean_distances": (pairwise.paired_euclidean_distances, X, P),
    "paired_manhattan_distances": (pairwise.paired_manhattan_distances, FAR_X[:5], FAR_Y),
    "paired_cosine_distances": (pairwise.paired_cosine_distances, X, P),
    "pairwise_distances euclidean": (distances("euclidean"), X, Y),
    "pairwise_distances manhattan": (distances("manhattan"), FAR_X, FAR_Y),
    "pairwise_distances cosine": (distances("cosine"), X, Y),
}

PREPROCESSING = {
    "StandardScaler": (lambda x: preprocessing.StandardScaler().fit_transform(x), X),
    "StandardScaler transform": (
        lambda x, y: preprocessing.StandardScaler().fit(x).transform(y),
        *(X, Y),
    ),
    "StandardScaler inverse": (
        lambda x, y: preprocessing.StandardScaler().fit(x).inverse_transform(y),
        *(X, Y),
    ),
    "MinMaxScaler": (lambda x: preprocessing.MinMaxScaler().fit_transform(x), X),
    "MaxAbsScaler": (lambda x: preprocessing.MaxAbsScaler().fit_transform(x), X),
    "normalize": (preprocessing.normalize, X),
    "normalize l1": (lambda x: preprocessing.normalize(x, norm="l1"), FAR_X - 2.05),
    "normalize max": (lambda x: preprocessing.normalize(x, norm="max"), X),
    "KernelCenterer": (lambda x: preprocessing.KernelCenterer().fit_transform(x @ x.T), X),
    "PolynomialFeatures": (lambda x: preprocessing.PolynomialFeatures(2).fit_transform(x), X),
}


def pca(**options):
    return decomposition.PCA(2, svd_solver="full", **options)


def ridge(**options):
    return linear_model.Ridge(alpha=0.7, solver="svd", **options)


MODELS = {
    "PCA": (lambda x: pca().fit_transform(x), X),
    "PCA whitened": (lambda x: pca(whiten=True).fit_transform(x), X),
    "PCA components_": (lambda x: pca().fit(x).components_, X),
    "PCA explained_variance_": (lambda x: pca().fit(x).explained_variance_, X),
    "PCA noise_variance_": (lambda x: pca().fit(x).noise_variance_, X),
    "PCA transform": (lambda x, y: pca().fit(x).transform(y), X, Y),
    "PCA inverse_transform": (
        lambda x: pca().fit(x).inverse_transform(pca().fit_transform(x)),
        X,
    ),
    "PCA get_covariance": (lambda x: pca().fit(x).get_covariance(), X),
    "PCA score_samples": (lambda x, y: pca().fit(x).score_samples(y), X, Y),
    "PCA by eigh": (
        lambda x: decomposition.PCA(2, svd_solver="covariance_eigh").fit_transform(x),
        X,
    ),
    "Ridge coef_": (lambda x, y: ridge().fit(x, y).coef_, X, TARGET),
    "Ridge intercept_": (lambda x, y: ridge().fit(x, y).intercept_, X, TARGET),
    "Ridge predict": (lambda x, y, z: ridge().fit(x, y).predict(z), X, TARGET, Y),
    "Ridge weighted": (
        lambda x, y, w: ridge().fit(x, y, sample_weight=w).coef_,
        *(X, TARGET, WEIGHTS),
    ),
    "Ridge of two targets": (lambda x, y: ridge().fit(x, y).coef_, X, RNG.normal(size=(8, 2))),
    "Ridge without intercept": (
        lambda x, y: ridge(fit_intercept=False).fit(x, y).coef_,
        *(X, TARGET),
    ),
    "LinearDiscriminantAnalysis": (
        lambda x: (
            discriminant_analysis.LinearDiscriminantAnalysis()
            .fit(x, namespace(x).asarray(LABELS))
            .transform(x)
        ),
        X,
    ),
    "pipeline": (
        lambda x, y: (
            pipeline.make_pipeline(preprocessing.StandardScaler(), ridge()).fit(x, y).predict(x)
        ),
        *(X, TARGET),
    ),
    **{
        f"GaussianMixture {kind}": (
            lambda x, m, kind=kind: mixture_of_two(x, m, kind).covariances_,
            *(X, MEANS),
        )
        for kind in ("tied", "diag", "spherical")
    },
    "GaussianMixture means_": (lambda x, m: mixture_of_two(x, m).means_, X, MEANS),
    "GaussianMixture covariances_": (lambda x, m: mixture_of_two(x, m).covariances_, X, MEANS),
    "GaussianMixture weights_": (lambda x, m: mixture_of_two(x, m).weights_, X, MEANS),
    "GaussianMixture score_samples": (
        lambda x, m, y: mixture_of_two(x, m).score_samples(y),
        *(X, MEANS, Y),
    ),
    "GaussianMixture predict_proba": (
        lambda x, m, y: mixture_of_two(x, m).predict_proba(y),
        *(X, MEANS, Y),
    ),
}

FUNCTIONS = {**KERNELS, **DISTANCES, **PREPROCESSING, **MODELS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_differentiated(name):
    assert_differentiated(*FUNCTIONS[name])


@pytest.mark.parametrize(
    "name",
    ["rbf_kernel of one", "StandardScaler", "PCA explained_variance_", "PCA"],
)
def test_gradient_of_function_is_differentiated(name):
    assert_twice_differentiated(*FUNCTIONS[name])


def test_gradient_of_ridge_is_differentiated():
    assert_twice_differentiated(lambda y: ridge().fit(y[:, None] * X[0], y**2).coef_, TARGET)


# scikit-learn hands these to compiled code, or does not follow the array-API standard in them.
CANNOT = {
    "KMeans": lambda x: cluster.KMeans(2, n_init=1).fit(x).cluster_centers_,
    "Lasso": lambda x: linear_model.Lasso().fit(x, x[:, 0]).coef_,
    "LogisticRegression": lambda x: (
        linear_model.LogisticRegression().fit(x, namespace(x).asarray(LABELS)).coef_
    ),
    "MinkowskiDistance": lambda x: pairwise.pairwise_distances(x, metric="minkowski"),
    "RobustScaler": lambda x: preprocessing.RobustScaler().fit_transform(x),
}


@pytest.mark.parametrize("f", CANNOT.values(), ids=CANNOT.keys())
def test_function_that_cannot_says_so(f):
    with pytest.raises(gg.GpugradError):
        gg.pullback(f, X)


@pytest.mark.parametrize(
    "metric",
    [
        *(metrics.mean_squared_error, metrics.mean_absolute_error, metrics.r2_score),
        *(metrics.d2_tweedie_score, metrics.mean_poisson_deviance, metrics.max_error),
    ],
)
def test_metrics_that_end_in_a_python_number_say_so(metric):
    with pytest.raises(gg.GpugradError, match=r"float\(x\).*metrics"):
        gg.grad(metric, argnums=(0, 1))(P[:, 0], P[:, 1])
    assert gg.pullback(metric, P[:, 0], P[:, 1])[1](1.0) == (None, None, None)


def test_without_dispatch_nothing_is_recorded():
    with sklearn.config_context(array_api_dispatch=False), pytest.raises(gg.GpugradError):
        gg.pullback(lambda x: preprocessing.StandardScaler().fit_transform(x), X)
