"""The data sets hold what they say; the planted world's truth is true."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from collections import Counter, defaultdict
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import networkx as nx
import pytest
import torch

from course_lib import download, origins
from course_lib.campus import without_place
from course_lib.datasets import Dataset, Planted, load, planted, read_lists
from course_lib.graph import split
from course_lib.metrics import recall_at_k

# --- MovieLens -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def movielens() -> Dataset:
    try:
        return load("movielens-100k")
    except download.DownloadError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def positives(movielens: Dataset) -> dict[int, dict[int, int]]:
    """Raw user → raw item → time, counted from the file by hand."""
    rated = defaultdict(dict)
    for line in (download.data_root() / "movielens-100k" / "u.data").read_text().splitlines():
        user, item, rating, when = map(int, line.split("\t"))
        if rating >= 4:
            rated[user][item] = when
    return {user: items for user, items in rated.items() if len(items) >= 5}


def test_movielens_has_its_known_size(movielens: Dataset) -> None:
    graph = movielens.graph
    assert (graph.num_users, graph.num_items, graph.num_edges) == (938, 1_447, 55_361)
    assert len(movielens.titles) == len(movielens.genres) == 1_447
    assert movielens.official_split is None


def test_movielens_edges_are_the_ratings_from_4_with_their_times(
    movielens: Dataset, positives: dict[int, dict[int, int]]
) -> None:
    users = sorted(positives)
    items = sorted({item for own in positives.values() for item in own})
    graph = movielens.graph
    ends = zip(graph.user.tolist(), graph.item.tolist(), graph.time.tolist(), strict=True)
    loaded = {(users[user], items[item]): when for user, item, when in ends}
    assert loaded == {(user, item): when for user, own in positives.items() for item, when in own.items()}


def test_movielens_titles_and_genres_stand_at_their_items(
    movielens: Dataset, positives: dict[int, dict[int, int]]
) -> None:
    items = sorted({item for own in positives.values() for item in own})
    star_wars = items.index(50)
    assert movielens.titles[star_wars] == "Star Wars (1977)"
    assert movielens.genres[star_wars] == ("Action", "Adventure", "Romance", "Sci-Fi", "War")
    assert movielens.titles[items.index(1)] == "Toy Story (1995)"
    assert movielens.titles[items.index(543)] == "Misérables, Les (1995)"
    assert movielens.graph.item_degree.argmax() == star_wars
    assert all(genre in origins.GENRES for own in movielens.genres for genre in own)


def test_movielens_is_read_from_the_official_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = [(7, 30, 5), (7, 10, 4), (7, 20, 4), (7, 40, 5), (7, 50, 4), (7, 60, 3), (9, 10, 5), (9, 60, 5)]
    data = "".join(f"{user}\t{item}\t{rating}\t{1000 - item}\n" for user, item, rating in ratings).encode()
    films = "".join(
        f"{number}|Film é{number} (1990) |01-Jan-1990||http://x/|0|1|0|0|0|1{'|0' * 13}\n"
        for number in range(10, 70, 10)
    ).encode("latin-1")
    archive = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("ml-100k/u.data", data)
        opened.writestr("ml-100k/u.item", films)
    origin = origins.ORIGINS["movielens-100k"]
    checksums = {name: (hashlib.sha256(body).hexdigest(),) for name, body in (("u.data", data), ("u.item", films))}
    source = replace(origin.sources[0], base=tmp_path.as_uri() + "/")
    monkeypatch.setitem(origins.ORIGINS, "movielens-100k", replace(origin, files=checksums, sources=(source,)))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    loaded = load("movielens-100k")
    assert loaded.graph.num_users == 1  # user 9 has two positives only
    assert loaded.titles == tuple(f"Film é{number} (1990)" for number in (10, 20, 30, 40, 50))
    assert loaded.genres == (("Action", "Comedy"),) * 5
    assert loaded.graph.time.tolist() == [990, 980, 970, 960, 950]


# --- lists -----------------------------------------------------------------------------------------------------------


def lists_folder(name: str) -> Path:
    """Where this machine has the lists of a set; skips where it has none."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    for root in (Path(os.environ.get("COURSE_DATA") or beside), beside, download.data_root()):
        if (root / name / "train.txt").exists():
            return root / name
    pytest.skip(f"{name} is not on this machine: `course data {name}` fetches it")


@pytest.mark.parametrize(
    ("name", "num_users", "num_items", "num_train", "num_test"),
    [
        ("lastfm", 1_892, 4_489, 42_135, 10_533),
        pytest.param("gowalla", 29_858, 40_981, 810_128, 217_242, marks=pytest.mark.slow),
    ],
)
def test_published_lists(
    name: str, num_users: int, num_items: int, num_train: int, num_test: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lists_folder(name)
    monkeypatch.setenv("COURSE_DATA", str(folder.parent))
    loaded = load(name)
    parts = loaded.official_split
    assert (loaded.graph.num_users, loaded.graph.num_items) == (num_users, num_items)
    assert (parts.train.num_edges, parts.val.num_edges, parts.test.num_edges) == (num_train, 0, num_test)
    assert loaded.graph.num_edges == num_train + num_test  # a union: the parts share no edge
    for part in (parts.train, parts.val, parts.test):
        assert (part.num_users, part.num_items) == (num_users, num_items)
    longest = max((folder / "train.txt").read_text().splitlines(), key=lambda line: len(line.split()))
    user, *items = map(int, longest.split())
    assert parts.train.rows(torch.tensor([user]))[0].nonzero().flatten().tolist() == sorted(items)


def test_an_official_split_is_kept_and_its_union_is_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "train.txt", "0 1 2\n2 0\n")
    write(tmp_path / "test.txt", "0 3\n")
    lastfm = origins.ORIGINS["lastfm"]
    checksums = {name: (lastfm.checksum((tmp_path / name).read_bytes()),) for name in ("train.txt", "test.txt")}
    source = download.Source(tmp_path.as_uri() + "/", tuple(checksums), lambda *bodies: bodies)
    monkeypatch.setitem(origins.ORIGINS, "lastfm", replace(lastfm, files=checksums, sources=(source,)))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    loaded = load("lastfm")
    parts = loaded.official_split
    pairs = [list(zip(g.user.tolist(), g.item.tolist(), strict=True)) for g in (parts.train, parts.val, parts.test)]
    assert pairs == [[(0, 1), (0, 2), (2, 0)], [], [(0, 3)]]
    assert sorted(pairs[0] + pairs[2]) == list(zip(loaded.graph.user.tolist(), loaded.graph.item.tolist(), strict=True))
    assert (parts.val.num_users, parts.val.num_items) == (loaded.graph.num_users, loaded.graph.num_items) == (3, 4)
    assert repr(loaded) == f"Dataset('lastfm', {loaded.graph!r}, an official split)"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_lists_share_ids_and_may_be_empty(tmp_path: Path) -> None:
    train = write(tmp_path / "train.txt", "0 2 1\n3\n\n1 0 \n")
    test = write(tmp_path / "test.txt", "1 4\r\n5 \r\n")
    first, second = read_lists(train, str(test))
    assert (first.num_users, first.num_items) == (second.num_users, second.num_items) == (6, 5)
    assert list(zip(first.user.tolist(), first.item.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0)]
    assert list(zip(second.user.tolist(), second.item.tolist(), strict=True)) == [(1, 4)]


def test_empty_files_are_an_empty_world(tmp_path: Path) -> None:
    nothing = write(tmp_path / "none.txt", "")
    assert [graph.num_nodes for graph in read_lists(nothing, nothing)] == [0, 0]


@pytest.mark.parametrize("line", ["1 x", "1 2.5", "-1 2", "1 -2", "1,2", "1 2_3", f"1 {2**31}", "1 " + "9" * 30, "\0"])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    good = write(tmp_path / "good.txt", "0 1\n")
    bad = write(tmp_path / "bad.txt", f"0 1\n{line}\n2 3\n")
    with pytest.raises(ValueError, match=r"bad\.txt, line 2: got .* wanted 'user item item …'"):
        read_lists(good, bad)


def test_a_million_ids_are_read_in_a_second(tmp_path: Path) -> None:
    lists = "".join(
        f"{user} {' '.join(str((user * 31 + k * 97) % 40_009) for k in range(50))}\n" for user in range(20_000)
    )
    train, test = write(tmp_path / "train.txt", lists), write(tmp_path / "test.txt", "0 1\n")
    seconds = []
    for _ in range(3):
        start = time.process_time()  # of this process alone: others may keep the machine busy
        graph, _ = read_lists(train, test)
        seconds.append(time.process_time() - start)
    assert graph.num_edges == 1_000_000
    assert min(seconds) < 1


# --- a planted world -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[0, 1, 2])
def world(request: pytest.FixtureRequest) -> Planted:
    return planted(num_users=400, num_items=240, num_tastes=6, edges_per_user=25, seed=request.param)


def test_a_world_has_the_shapes_and_sums_it_promises(world: Planted) -> None:
    assert (world.graph.num_users, world.graph.num_items) == (400, 240)
    assert world.user_taste.shape == (400, 6)
    assert world.affinity.shape == (400, 240)
    ones = torch.ones(400)
    torch.testing.assert_close(world.user_taste.sum(1), ones)
    torch.testing.assert_close(world.affinity.sum(1), ones)
    assert world.popularity.sum() == pytest.approx(1, abs=1e-5)
    assert torch.bincount(world.item_taste).tolist() == [40] * 6
    assert world.graph.num_edges / 400 == pytest.approx(25, rel=0.1)
    assert world.graph.time is not None


def test_affinity_is_the_formula_of_the_docstring(world: Planted) -> None:
    user, item = 17, 101
    own = [float(world.user_taste[user, world.item_taste[i]] * world.popularity[i]) for i in range(240)]
    expected = 0.9 * own[item] / sum(own) + 0.1 * float(world.popularity[item])
    assert float(world.affinity[user, item]) == pytest.approx(expected, rel=1e-4)


def test_users_choose_as_affinity_says() -> None:
    """A user who has one edge drew it from affinity: with one taste, that is popularity, which counts must match."""
    world = planted(20_000, 10, 1, edges_per_user=1, seed=0)
    lone = world.graph.user_degree == 1
    first = world.graph.item[lone[world.graph.user]]
    drawn = torch.bincount(first, minlength=10) / first.numel()
    assert first.numel() > 10_000
    torch.testing.assert_close(drawn, world.popularity, atol=0.015, rtol=0)


def test_ranking_by_affinity_beats_popularity(world: Planted) -> None:
    parts = split(world.graph, seed=0)
    users = torch.arange(400)
    seen, wanted = parts.train.rows(users) | parts.val.rows(users), parts.test.rows(users)
    popular = parts.train.item_degree.float().expand(400, -1)
    by_truth, by_popularity = (float(recall_at_k(s, wanted, 20, exclude=seen)) for s in (world.affinity, popular))
    assert by_truth > by_popularity + 0.2


def test_items_bought_together_share_their_taste(world: Planted) -> None:
    together = world.graph.biadjacency().to_dense()
    together = together.T @ together
    same = world.item_taste[:, None] == world.item_taste
    pairs = ~torch.eye(240, dtype=torch.bool)
    share_of_same = together[same & pairs].sum() / together[pairs].sum()
    chance = (same & pairs).sum() / pairs.sum()
    assert share_of_same > 2 * chance


def test_noise_of_one_leaves_no_taste() -> None:
    world = planted(300, 120, 6, noise=1.0)
    torch.testing.assert_close(world.affinity, world.popularity.expand(300, -1))


def test_no_noise_and_one_taste_each_stays_within_the_taste() -> None:
    world = planted(300, 120, 6, edges_per_user=60, noise=0.0)
    drawn = world.affinity[world.graph.user, world.graph.item]
    assert (drawn > 0).all()


def test_skew_makes_a_head() -> None:
    def share_of_top_tenth(skew: float) -> float:
        degree = planted(500, 200, 5, skew=skew).graph.item_degree.sort(descending=True).values
        return float(degree[:20].sum() / degree.sum())

    flat, zipf, steep = map(share_of_top_tenth, (0.0, 0.8, 1.2))
    assert flat < 0.15 < 0.25 < zipf < steep


def test_activity_varies(world: Planted) -> None:
    degree = world.graph.user_degree
    assert degree.min() >= 5
    assert degree.max() > 3 * degree.median()


def test_times_tell_nothing_about_taste(world: Planted) -> None:
    early = world.graph.time < world.graph.time.median()
    likely = world.affinity[world.graph.user, world.graph.item]
    assert float(likely[early].mean()) == pytest.approx(float(likely[~early].mean()), rel=0.06)


def same_world(one: Planted, other: Planted) -> bool:
    graphs = all(torch.equal(getattr(one.graph, end), getattr(other.graph, end)) for end in ("user", "item", "time"))
    return graphs and torch.equal(one.affinity, other.affinity)


def test_a_seed_decides_the_world() -> None:
    assert same_world(planted(50, 40, 4, seed=3), planted(50, 40, 4, seed=3))
    assert not torch.equal(planted(50, 40, 4, seed=3).affinity, planted(50, 40, 4, seed=4).affinity)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("num_users", 0),
        ("num_items", 0),
        ("num_tastes", 0),
        ("num_tastes", 41),
        ("edges_per_user", 0),
        ("edges_per_user", 41),
        ("skew", -0.1),
        ("skew", float("nan")),
        ("noise", 1.1),
        ("noise", float("nan")),
    ],
)
def test_an_impossible_world_is_refused(argument: str, value: float) -> None:
    sizes = {"num_users": 50, "num_items": 40, "num_tastes": 4, argument: value}
    with pytest.raises(ValueError, match=f"^{argument}: got {value}, wanted "):
        planted(**sizes)


# --- campus and toy --------------------------------------------------------------------------------------------------


def test_campus_is_a_small_world_with_a_popular_head() -> None:
    campus = load("campus")
    graph = campus.graph
    assert (graph.num_users, graph.num_items) == (300, 200)
    assert graph.num_edges / 300 == pytest.approx(20, rel=0.1)
    assert graph.item_degree.min() >= 1
    degree = graph.item_degree.sort(descending=True).values
    assert degree[:20].sum() >= 0.25 * degree.sum()
    assert campus.truth.graph is graph
    assert same_world(campus.truth, load("campus").truth)


def test_campus_titles_are_distinct_and_give_the_taste_away() -> None:
    campus = load("campus")
    assert len(set(campus.titles)) == len(set(map(without_place, campus.titles))) == 200
    assert without_place("Late jazz jam in the old library") == "Late jazz jam"
    tastes = campus.truth.item_taste.tolist()
    assert len({(taste, *genre) for taste, genre in zip(tastes, campus.genres, strict=True)}) == 8  # one name each
    seen: dict[str, Counter[int]] = defaultdict(Counter)  # a naive Bayes of words, tested on what it has not seen
    for title, taste in list(zip(campus.titles, tastes, strict=True))[:100]:
        for word in title.split():
            seen[word][taste] += 1
    guesses = []
    for title in campus.titles[100:]:
        votes = [{t: n / c.total() ** 1.5 for t, n in c.items()} for c in map(seen.__getitem__, title.split()) if c]
        guesses.append(max(range(8), key=lambda taste, votes=votes: sum(vote.get(taste, 0) for vote in votes)))
    right = sum(guess == taste for guess, taste in zip(guesses, tastes[100:], strict=True))
    assert right > 80  # chance is 12 of 100


def test_toy_is_drawable_by_hand() -> None:
    toy = load("toy")
    graph = toy.graph
    assert (graph.num_users, graph.num_items, graph.num_edges) == (4, 6, 12)
    assert len(toy.user_names) == 4
    assert len(toy.titles) == len(toy.genres) == 6
    assert graph.user_degree.max() < 6
    assert graph.item_degree.min() >= 1
    assert graph.time.tolist() != sorted(graph.time.tolist())


def test_toy_has_two_taste_groups_joined_by_one_user() -> None:
    toy = load("toy")
    drawn = toy.graph.to_networkx()
    assert nx.is_connected(drawn)
    assert [nx.shortest_path_length(drawn, 0, 4 + item) for item in range(6)] == [1, 1, 3, 3, 3, 5]
    drawn.remove_node(2)
    groups = [{toy.genres[node - 4] for node in part if node >= 4} for part in nx.connected_components(drawn)]
    assert sorted(groups, key=str) == [{("kitchen",)}, {("space",)}]


def test_worlds_of_our_own_need_no_download_and_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "absent"))
    for name in ("toy", "campus"):
        start = time.process_time()
        load(name)
        assert time.process_time() - start < 1
    assert not (tmp_path / "absent").exists()


# --- loading ---------------------------------------------------------------------------------------------------------


def test_an_unknown_name_gets_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"^name: got 'campsu', wanted one of toy, campus, movie.*; did you mean 'campus'"
    ):
        load("campsu")


def test_a_dataset_is_readable_and_frozen() -> None:
    campus = load("campus")
    assert repr(campus) == f"Dataset('campus', {campus.graph!r}, titles, known tastes)"
    assert repr(campus.truth) == f"Planted(8 tastes, {campus.graph!r})"
    with pytest.raises(FrozenInstanceError):
        campus.name = "other"
