"""A whole training: judged on a later snapshot, packed as plain files, the same twice."""

import dataclasses
import hashlib
import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from made_history import CUTOFF_US, NAMES, QUICK, made_history, made_rows
from made_model import OTHER, STORE, TASK, published_form, trained
from msgspec import structs

from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import BadInput, Damaged, Refused
from shopwright.core.types.identity import ModelVersion
from shopwright.core.types.model import StoredModel
from shopwright.training.calibration import fit_calibration, probabilities
from shopwright.training.feature_rows import rows_of
from shopwright.training.folds import folds_of
from shopwright.training.profile import decode_profile
from shopwright.training.proof import decode_proof
from shopwright.training.propensity import fit
from shopwright.training.quality import decode_quality
from shopwright.training.registration import (
    decode_registration,
    encode_registration,
    registration_of,
)
from shopwright.training.scorer import ExactScorer
from shopwright.training.scores import all_scores
from shopwright.training.serving_scorer import check_model, open_scorer
from shopwright.training.tasks import PROPENSITY, PROPENSITY_7D, TASKS, Learner, task_named
from shopwright.training.train import train_propensity
from shopwright.training.training_set import UnsortedRows, assemble
from shopwright.training.xgboost_scorer import XgboostScorer


def _stored(store=STORE, **files: bytes) -> StoredModel:  # type: ignore[no-untyped-def]
    manifest, kept = published_form(store)
    return StoredModel(version="ab" * 32, manifest=manifest, files={**kept, **files})


def test_the_same_rows_give_the_same_files_whatever_order_they_came_in() -> None:
    rows = made_rows(TASK, customers=500, seed=1)
    order = np.random.default_rng(0).permutation(len(rows.y))
    assert rows.categories is not None
    shuffled = dataclasses.replace(
        rows,
        x=rows.x[order],
        y=rows.y[order],
        snapshot_us=rows.snapshot_us[order],
        as_of_us=rows.as_of_us[order],
        entities=[rows.entities[i] for i in order],
        categories=[rows.categories[i] for i in order],
    )
    again = train_propensity(assemble(shuffled, names=NAMES, cutoff_us=CUTOFF_US), TASK, 1)
    assert dict(again.files) == dict(trained().files)
    assert (again.figures, again.calibration) == (trained().figures, trained().calibration)
    assert again.verdict == trained().verdict


def test_another_process_writes_the_same_bytes() -> None:
    code = (
        "import hashlib; from made_model import trained; "
        "print(hashlib.sha256(trained().files['model.json']).hexdigest())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2"},
    )
    ours = hashlib.sha256(trained().files["model.json"]).hexdigest()
    assert told.stdout.strip() == ours


def test_another_seed_deals_other_folds() -> None:
    assert trained(2).files["model.json"] != trained(1).files["model.json"]
    assert trained(2).snapshot == trained(1).snapshot


def test_the_figures_come_from_the_latest_snapshot_that_no_fold_has_seen() -> None:
    history = made_history(TASK, customers=500)
    latest = history.snapshot == 2
    earlier, judged = history.where(~latest), history.where(latest)
    fitted = fit(earlier, folds_of(earlier.entities, 5, 1), TASK.learner, 1)
    margins = ExactScorer.read(fitted.model, NAMES).margins(judged.x)
    p = probabilities(margins, fit_calibration(fitted.out_of_fold, earlier.y))
    assert trained().figures["model"] == all_scores(judged.y, p)
    assert trained().quality.overall.rows == len(judged)
    # Labels of the latest snapshot teach the judged model nothing: turned round, it stays itself.
    turned = dataclasses.replace(history, y=np.where(latest, 1 - history.y, history.y))
    again = train_propensity(turned, TASK, 1)
    assert again.figures["model"]["pr_auc"] != trained().figures["model"]["pr_auc"]
    assert again.figures["model"]["roc_auc"] == pytest.approx(
        1 - trained().figures["model"]["roc_auc"]
    )
    assert not again.verdict.accepted


def test_a_fold_is_scored_by_the_booster_that_left_it_out() -> None:
    history = made_history(TASK, customers=500)
    folds = folds_of(history.entities, 5, 1)
    whole = fit(history, folds, TASK.learner, 1)
    # Other labels for fold 3, as many positives: fold 3's own booster never saw any of them.
    dealt = history.y.copy()
    dealt[folds == 3] = np.random.default_rng(0).permutation(dealt[folds == 3])
    other = fit(dataclasses.replace(history, y=dealt), folds, TASK.learner, 1)
    same = other.out_of_fold == whole.out_of_fold
    assert same[folds == 3].all()
    assert not same[folds != 3].any()


def test_the_files_fit_together() -> None:
    result = trained()
    assert set(result.files) == {
        "model.json",
        "proof.json",
        "profile.json",
        "quality.json",
        "card.md",
    }
    assert decode_quality(result.files["quality.json"]) == result.quality
    shape = decode_profile(result.files["profile.json"])
    assert [column.name for column in shape.features] == list(NAMES)
    assert {column.rows for column in (*shape.features, shape.score)} == {result.rows}
    proof = decode_proof(result.files["proof.json"], NAMES)
    assert ExactScorer.read(result.files["model.json"], NAMES).prove(proof.rows, proof.margins)
    card = result.files["card.md"].decode()
    assert result.verdict.reason in card
    assert f"{result.figures['model']['pr_auc']:.4f}" in card
    assert result.snapshot in card
    assert "<b>" not in card
    assert "Lamps _ _b" in card
    assert "Categories not shown: 1" in card


def test_no_file_names_a_customer() -> None:
    together = b"".join(trained().files.values())
    for entity in made_history(TASK, customers=500).entities:
        assert entity not in together
        assert entity.hex().encode() not in together


def test_the_manifest_says_what_was_done() -> None:
    manifest, files = published_form()
    assert manifest.store_id == STORE.store_id
    assert (manifest.task, manifest.horizon_days, manifest.view) == ("propensity", 30, "customer@1")
    assert manifest.parameters == {"depth": 3, "rounds": 12, "eta": 0.05, "nthread": 1, "folds": 5}
    assert manifest.label_snapshots_us == TASK.label_snapshots_us(CUTOFF_US)
    assert manifest.as_of_us == CUTOFF_US
    assert (manifest.rows, manifest.positives) == (trained().rows, trained().positives)
    assert manifest.calibration[0] > 0
    assert set(manifest.figures) == {"model", "order_count", "recency", "logistic_regression"}
    for name, content in files.items():
        assert manifest.files[name] == hashlib.sha256(content).hexdigest()


def test_a_stored_model_is_opened_by_the_exact_scorer() -> None:
    scorer = open_scorer(_stored())
    assert isinstance(scorer, ExactScorer)
    rows = rows_of([dict.fromkeys(NAMES), dict.fromkeys(NAMES, 3)], NAMES)
    assert scorer.margins(rows).tobytes() == (
        XgboostScorer(trained().files["model.json"], NAMES).margins(rows).tobytes()
    )


def test_a_model_that_does_not_reproduce_its_proof_is_damaged() -> None:
    proof = json.loads(trained().files["proof.json"])
    proof["margins"][5] = (float.fromhex(proof["margins"][5]) + 1).hex()
    with pytest.raises(Damaged, match="does not reproduce its own proof"):
        open_scorer(_stored(**{"proof.json": json.dumps(proof).encode()}))
    with pytest.raises(Damaged, match="does not reproduce its own proof"):
        open_scorer(_stored(**{"model.json": trained(2).files["model.json"]}))


def test_xgboost_takes_over_where_the_exact_scorer_cannot_prove_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ExactScorer, "prove", lambda *_: False)
    assert isinstance(open_scorer(_stored()), XgboostScorer)


def test_a_model_without_a_file_is_damaged() -> None:
    stored = _stored()
    for name in ("model.json", "proof.json"):
        files = {kept: content for kept, content in stored.files.items() if kept != name}
        with pytest.raises(Damaged, match=f"has no {name}"):
            open_scorer(structs.replace(stored, files=files))


def test_a_model_of_another_store_task_or_view_is_not_used() -> None:
    stored = _stored()
    check_model(stored, STORE.store_id, "propensity", NAMES)
    for store_id, task, names in [
        (OTHER.store_id, "propensity", NAMES),
        (STORE.store_id, "propensity_7d", NAMES),
        (STORE.store_id, "propensity", NAMES[:-1]),
        (STORE.store_id, "propensity", NAMES[::-1]),
    ]:
        with pytest.raises(Damaged):
            check_model(stored, store_id, task, names)


def test_what_the_tracker_is_told_comes_back_from_json() -> None:
    manifest, _ = published_form()
    told = registration_of(manifest, ModelVersion("cd" * 32), ["champion"], "Accepted.")
    assert decode_registration(encode_registration(told)) == told
    assert told.key == f"pots.myshopify.com/propensity/{'cd' * 32}"
    assert told.figures["recency.pr_auc"] == manifest.figures["recency"]["pr_auc"]
    assert told.model_tags["feature_view"] == "customer@1"
    newer = {**json.loads(encode_registration(told)), "format": 2}
    for body in (b"{}", b"no", json.dumps(newer).encode()):
        with pytest.raises(Damaged, match="kind mlflow"):
            decode_registration(body)


def test_the_second_half_of_the_horizons_learns_too() -> None:
    quick = structs.replace(PROPENSITY_7D, learner=Learner(rounds=10), judged_min=5)
    result = train_propensity(made_history(quick, customers=1500), quick, 1)
    assert result.task.horizon_days == 7
    assert result.snapshots_us == tuple(CUTOFF_US - d * US_PER_DAY for d in (67, 37, 7))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_label_windows_end_before_the_cut_off_and_do_not_overlap(task) -> None:  # type: ignore[no-untyped-def]
    task = structs.replace(task, settle_days=3)
    snapshots = task.label_snapshots_us(CUTOFF_US)
    assert list(snapshots) == sorted(snapshots)
    assert task.label_ends_us(snapshots[-1]) == CUTOFF_US
    for earlier, later in pairwise(snapshots):
        assert earlier + task.horizon_days * US_PER_DAY <= later


def test_tasks_are_found_by_name() -> None:
    assert task_named("propensity") is PROPENSITY
    with pytest.raises(BadInput, match="propensity, propensity_7d"):
        task_named("churn")


HISTORY = made_history(customers=400)
ONE_SNAPSHOT = HISTORY.where(HISTORY.snapshot == 0)


@pytest.mark.parametrize(
    ("history", "says"),
    [
        (made_history(customers=40), r"\d+ rows to learn from, \d+ of them with an order within"),
        (
            dataclasses.replace(ONE_SNAPSHOT, snapshots_us=ONE_SNAPSHOT.snapshots_us[:1]),
            "in 1 label snapshots",
        ),
        (HISTORY.where(HISTORY.y == 0), "0 of them with an order"),
        (HISTORY.where(HISTORY.y == 1), "and 0 without"),
        (HISTORY.where((HISTORY.snapshot < 2) | (HISTORY.y == 0)), "rows to judge by, 0 of them"),
        (dataclasses.replace(HISTORY, x=np.full_like(HISTORY.x, 2.0)), "all 5 features are const"),
        (dataclasses.replace(HISTORY, x=np.full_like(HISTORY.x, np.nan)), "features are constant"),
        (HISTORY.where(np.zeros(len(HISTORY), bool)), "0 rows to learn from, 0 of them"),
    ],
    ids=["few", "one snapshot", "no order", "all order", "unjudged", "constant", "null", "empty"],
)
def test_too_little_is_refused_with_numbers(history, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused, match=says):
        train_propensity(history, QUICK, 1)


def test_a_store_without_a_customer_is_refused_with_numbers() -> None:
    nobody = UnsortedRows(
        x=np.empty((0, 5)),
        y=np.empty(0, np.int64),
        snapshot_us=np.empty(0, np.int64),
        as_of_us=np.empty(0, np.int64),
        entities=[],
        categories=[],
    )
    with pytest.raises(Refused, match="0 rows in 0 label snapshots"):
        train_propensity(assemble(nobody, names=NAMES, cutoff_us=CUTOFF_US), QUICK, 1)


def test_labels_that_nothing_explains_are_refused_one_way_or_another() -> None:
    """Chance decides every label: nothing may be accepted, and nothing may end in a traceback."""
    refusals: list[str] = []
    for seed in range(3):
        y = np.random.default_rng(seed).integers(0, 2, len(HISTORY))
        noise = dataclasses.replace(HISTORY, y=y)
        try:
            result = train_propensity(noise, TASK, seed)
        except Refused as error:
            refusals.append(str(error))
            continue
        figures = result.figures["model"]
        assert figures["roc_auc"] < 0.6
        assert not result.verdict.accepted or figures["pr_auc"] < 0.65
    assert all("do not rise with the orders" in refusal for refusal in refusals)


def test_a_constant_feature_is_named_in_the_card() -> None:
    x = np.column_stack([HISTORY.x, np.full(len(HISTORY), np.nan)])
    history = dataclasses.replace(HISTORY, x=x, names=(*NAMES, "orders_7d"))
    card = train_propensity(history, TASK, 1).files["card.md"].decode()
    assert "Constant here, so without effect: orders_7d." in card


def test_serving_loads_neither_xgboost_nor_an_engine() -> None:
    code = (
        "import sys, shopwright.training.scorer, shopwright.training.serving_scorer, "
        "shopwright.training.calibration, shopwright.training.registration\n"
        "heavy = {'xgboost', 'pandas', 'scipy', 'sklearn', 'mlflow', 'duckdb', 'pyarrow'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_a_vector_of_another_view_is_bad_input() -> None:
    with pytest.raises(BadInput, match="has no 'orders_90d'"):
        rows_of([{name: 1 for name in NAMES if name != "orders_90d"}], NAMES)
