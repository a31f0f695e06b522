"""What every PrivacyRequests promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.memory_privacy import MemoryPrivacyRequests
from shopwright.adapters.privacy_requests_sqlite import SqlitePrivacyRequests
from shopwright.core.errors import Busy
from shopwright.core.ports import PrivacyRequests
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.privacy import PrivacyRequest, SignedReceipt

STORE, OTHER_STORE = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
CANARY = Pseudonym(b"0123456789canary")
RECEIPT = SignedReceipt(body=b'{"a":1}', signature=b"s" * 64, public_key=b"k" * 32)


def asked(name: str, store_id: StoreId = STORE) -> PrivacyRequest:
    return PrivacyRequest(
        request_id=name,
        store_id=store_id,
        kind="erase_customer",
        origin="customers/redact",
        asked_us=5,
        customers=(CANARY,),
        orders=(Pseudonym(b"o" * 16),),
    )


class PrivacyRequestsContract:
    @pytest.fixture
    def requests(self) -> PrivacyRequests:
        raise NotImplementedError

    def test_what_was_asked_waits_oldest_first(self, requests: PrivacyRequests) -> None:
        assert list(requests.open()) == []
        for name in ("b", "a"):
            assert requests.ask(asked(name)) is True
        assert list(requests.open()) == [(asked("b"), b""), (asked("a"), b"")]

    def test_asking_again_changes_nothing(self, requests: PrivacyRequests) -> None:
        requests.ask(asked("a"))
        requests.advance("a", b"far")
        assert requests.ask(asked("a")) is False
        assert list(requests.open()) == [(asked("a"), b"far")]

    def test_progress_is_kept_until_the_end(self, requests: PrivacyRequests) -> None:
        requests.ask(asked("a"))
        requests.ask(asked("b"))
        requests.advance("a", b"1")
        requests.advance("a", b"2")
        assert list(requests.open()) == [(asked("a"), b"2"), (asked("b"), b"")]

    def test_a_closed_request_is_never_obeyed_again(self, requests: PrivacyRequests) -> None:
        requests.ask(asked("a"))
        requests.close("a", RECEIPT)
        assert list(requests.open()) == []
        assert requests.ask(asked("a")) is False
        requests.advance("a", b"late")
        assert list(requests.open()) == []

    def test_receipts_come_by_store_in_their_order(self, requests: PrivacyRequests) -> None:
        for name, store_id in (("a", STORE), ("b", OTHER_STORE), ("c", STORE)):
            requests.ask(asked(name, store_id))
            requests.close(name, SignedReceipt(body=name.encode(), signature=b"", public_key=b""))
        assert [one.body for one in requests.receipts(STORE)] == [b"a", b"c"]
        assert [one.body for one in requests.receipts(OTHER_STORE)] == [b"b"]
        assert [one.body for one in requests.receipts(None)] == [b"a", b"b", b"c"]

    def test_a_question_that_was_answered_leaves_no_receipt(
        self, requests: PrivacyRequests
    ) -> None:
        requests.ask(asked("a"))
        requests.close("a", None)
        assert list(requests.receipts(None)) == []
        assert list(requests.open()) == []

    def test_closing_twice_keeps_the_first_receipt(self, requests: PrivacyRequests) -> None:
        requests.ask(asked("a"))
        requests.close("a", RECEIPT)
        requests.close("a", None)
        requests.close("unknown", RECEIPT)
        assert list(requests.receipts(None)) == [RECEIPT]


class TestMemoryPrivacyRequests(PrivacyRequestsContract):
    @pytest.fixture
    def requests(self) -> PrivacyRequests:
        return MemoryPrivacyRequests()


class TestSqlitePrivacyRequests(PrivacyRequestsContract):
    @pytest.fixture
    def requests(self, tmp_path: Path) -> Iterator[PrivacyRequests]:
        requests = SqlitePrivacyRequests(tmp_path / "control.db")
        yield requests
        requests.close_file()

    def test_it_outlives_the_process(self, tmp_path: Path) -> None:
        first = SqlitePrivacyRequests(tmp_path / "control.db")
        first.ask(asked("a"))
        first.advance("a", b"far")
        second = SqlitePrivacyRequests(tmp_path / "control.db")
        assert list(second.open()) == [(asked("a"), b"far")]
        for one in (first, second):
            one.close_file()

    def test_when_the_receipt_shows_no_byte_of_the_person_is_left(self, tmp_path: Path) -> None:
        requests = SqlitePrivacyRequests(tmp_path / "control.db")
        requests.ask(asked("a"))
        requests.advance("a", bytes(CANARY) * 400)

        def held() -> bool:
            return any(CANARY in path.read_bytes() for path in tmp_path.iterdir())

        assert held()
        requests.close("a", RECEIPT)
        assert not held()
        assert list(requests.receipts(None)) == [RECEIPT]
        requests.close_file()

    def test_a_reader_in_the_way_delays_the_receipt_and_not_the_deletion(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        requests = SqlitePrivacyRequests(tmp_path / "control.db")
        requests.ask(asked("a"))

        def busy() -> None:
            raise Busy("a reader")

        with monkeypatch.context() as patched:
            patched.setattr(requests._file, "erase_traces", busy)
            with pytest.raises(Busy):
                requests.close("a", RECEIPT)
        assert list(requests.open()) == []
        assert list(requests.receipts(None)) == []
        again = SqlitePrivacyRequests(tmp_path / "control.db")
        assert list(again.receipts(None)) == [RECEIPT]
        for one in (requests, again):
            one.close_file()
