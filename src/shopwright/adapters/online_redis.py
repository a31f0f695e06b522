"""The online store in Redis: a read copy of the packed records for several serving machines.

Under one prefix: a hash of records for each store and view, a sorted set of its entities beside it,
a set of each store's views, and the ledger's revision. A record is the revision (8 bytes,
big-endian, so that it compares as text), received_us and the state. A script stores a batch in one
piece; a larger batch is several pieces, and ``through`` moves with the last.

Everything in it can be made again from the ledger: a server that lost it says ``through`` 0, and
the worker fills it. One server is meant, with replicas if you like, not a cluster: keys are named
in the script.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from shopwright.core.errors import BadInput, NotReady
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId

RECORDS_A_PIECE = 500
SECONDS_MAX = 5.0
"""A server that answers later counts as away."""
_HEAD = struct.Struct(">qq")
_NUMBER = struct.Struct(">q")

_PUT = """
local prefix, through = ARGV[1], ARGV[2]
for i = 3, #ARGV, 4 do
  local store, view, entity, value = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local of = store .. '\\0' .. view
  local records, entities = prefix .. 'r:' .. of, prefix .. 'e:' .. of
  local before = redis.call('HGET', records, entity)
  if not before or string.sub(before, 1, 8) <= string.sub(value, 1, 8) then
    if #value > 16 then
      redis.call('HSET', records, entity, value)
      redis.call('ZADD', entities, 0, entity)
      redis.call('SADD', prefix .. 'v:' .. store, view)
    else
      redis.call('HDEL', records, entity)
      redis.call('ZREM', entities, entity)
    end
  end
end
if through ~= '' then
  local reached = redis.call('GET', prefix .. 'through')
  if not reached or reached < through then
    redis.call('SET', prefix .. 'through', through)
  end
end
"""


class RedisOnlineStore:
    """Packed records in one Redis server, under a prefix of their own.

    Raises NotReady, naming the server, whenever it is away, slow, full, or read-only.
    """

    def __init__(self, url: str, prefix: str) -> None:
        try:
            self._redis: Any = redis.Redis.from_url(
                url, socket_timeout=SECONDS_MAX, socket_connect_timeout=SECONDS_MAX
            )
        except ValueError as error:
            raise BadInput(
                "the address of Redis cannot be read; write redis://[user:password@]host:port/0, "
                "rediss:// for TLS, or unix:///path"
            ) from error
        shown = self._redis.connection_pool.connection_kwargs
        self._where = shown.get("path") or f"{shown.get('host')}:{shown.get('port')}"
        self._prefix = f"{prefix}:".encode()
        self._put: Any = self._redis.register_script(_PUT)

    def put(self, records: Sequence[PackedRecord], through: int) -> None:
        """Store records, then move ``through``; an older revision never replaces a newer one."""
        pieces = [
            records[start : start + RECORDS_A_PIECE]
            for start in range(0, len(records), RECORDS_A_PIECE)
        ] or [()]
        with self._explained():
            for number, piece in enumerate(pieces, start=1):
                reached = _NUMBER.pack(through) if number == len(pieces) else b""
                told = [part for record in piece for part in _parts(record)]
                self._put(args=[self._prefix, reached, *told])

    def read(
        self, store_id: StoreId, view: str, entities: Sequence[Pseudonym]
    ) -> dict[Pseudonym, PackedRecord]:
        """Return the records that exist, by one question."""
        if not entities:
            return {}
        with self._explained():
            found = self._redis.hmget(self._key(b"r", store_id, view), list(entities))
        return {
            entity: _record(store_id, view, entity, value)
            for entity, value in zip(entities, found, strict=True)
            if value is not None
        }

    def through(self) -> int:
        """Return the ledger revision that this copy has reached; 0 when it is empty."""
        with self._explained():
            found = self._redis.get(self._prefix + b"through")
        return _NUMBER.unpack(found)[0] if found is not None else 0

    def page(
        self, store_id: StoreId, view: str, after: Pseudonym | None, limit: int
    ) -> Sequence[PackedRecord]:
        """Return records of a store in the order of their pseudonyms."""
        first = b"-" if after is None else b"(" + after
        with self._explained():
            entities = self._redis.zrangebylex(
                self._key(b"e", store_id, view), first, b"+", start=0, num=limit
            )
        found = self.read(store_id, view, [Pseudonym(entity) for entity in entities])
        return list(found.values())

    def forget(self, store_id: StoreId, entity: Pseudonym | None) -> None:
        """Remove the entity from every view; None: the whole store.

        Where the server keeps files, they are written anew: they still hold the old bytes.
        """
        views_key = self._prefix + b"v:" + store_id.encode()
        with self._explained():
            views = [view.decode() for view in self._redis.smembers(views_key)]
            with self._redis.pipeline(transaction=True) as together:
                for view in views:
                    records, entities = (self._key(kind, store_id, view) for kind in (b"r", b"e"))
                    if entity is None:
                        together.delete(records, entities)
                    else:
                        together.hdel(records, entity)
                        together.zrem(entities, entity)
                if entity is None:
                    together.delete(views_key)
                together.execute()
            self._renew_files()

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _renew_files(self) -> None:
        """Have the append-only file and the snapshot written again, where there are any."""
        told = self._redis.info("persistence")
        if told.get("aof_enabled") and not told.get("aof_rewrite_in_progress"):
            self._redis.bgrewriteaof()
        if told.get("rdb_last_save_time") and self._redis.config_get("save").get("save"):
            self._redis.bgsave(schedule=True)

    def _key(self, kind: bytes, store_id: str, view: str) -> bytes:
        return self._prefix + kind + f":{store_id}\0{view}".encode()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except redis.RedisError as error:
            raise NotReady(
                f"Redis at {self._where} does not serve the online store "
                f"({type(error).__name__}: {error}); start it or free its memory, and the worker "
                "goes on from the ledger by itself"
            ) from error


def _parts(record: PackedRecord) -> tuple[bytes, bytes, bytes, bytes]:
    head = _HEAD.pack(record.revision, record.received_us)
    return record.store_id.encode(), record.view.encode(), record.entity, head + record.state


def _record(store_id: StoreId, view: str, entity: Pseudonym, value: bytes) -> PackedRecord:
    revision, received_us = _HEAD.unpack_from(value)
    return PackedRecord(
        store_id=store_id,
        view=view,
        entity=entity,
        revision=revision,
        received_us=received_us,
        state=value[_HEAD.size :],
    )
