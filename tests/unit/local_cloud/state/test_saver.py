"""Who waits goes on when the change is on disk, and those that wait together share one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from local_cloud.sagemaker.store import Store
from local_cloud.state.database import Changes
from local_cloud.state.saver import RECORDS, merged
from local_cloud.state.scan import Focus

from .conftest import World

IAM = Focus(frozenset({"iam"}))


class Slow:
    """A database whose commits wait to be let through, and are counted."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.through, self.begun, self.commits = threading.Event(), threading.Event(), 0
        commit = world.database.commit

        def slowly(changes: Changes) -> None:
            self.begun.set()
            self.commits += 1
            assert self.through.wait(10)
            commit(changes)

        monkeypatch.setattr(world.database, "commit", slowly)


def roles(world: World) -> list[str]:
    return [name for _, table, name, _ in world.database.rows() if table == "_roles"]


def test_a_waiter_goes_on_when_the_change_is_on_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(world, monkeypatch)

    async def run() -> None:
        world.tables["iam"]["_roles"]["1", "r"] = {}
        waiter = asyncio.create_task(world.saver.settled(IAM))
        await asyncio.to_thread(slow.begun.wait, 10)
        assert not waiter.done()
        slow.through.set()
        await waiter
        assert roles(world) == ["(('1', 'r'), ())"]

    asyncio.run(run())


def test_those_that_wait_together_share_a_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(world, monkeypatch)

    async def run() -> None:
        world.tables["iam"]["_roles"]["1", "first"] = {}
        waiters = [asyncio.create_task(world.saver.settled(IAM))]
        await asyncio.to_thread(slow.begun.wait, 10)
        for number in range(20):
            world.tables["iam"]["_roles"]["1", f"r{number}"] = {}
            waiters.append(asyncio.create_task(world.saver.settled(IAM)))
        await asyncio.sleep(0)
        slow.through.set()
        await asyncio.gather(*waiters)

    asyncio.run(run())
    assert slow.commits == 2
    assert len(roles(world)) == 21


def test_records_of_the_service_are_waited_for_as_well(world: World) -> None:
    store = Store(world.journal.scope("1", "here"))

    async def run() -> None:
        await world.saver.settled(RECORDS)
        store.put("Model", "m", {"n": 1})
        await world.saver.settled(RECORDS)
        assert [(kind, name) for _, kind, name, _ in world.database.records()] == [("Model", "m")]

    asyncio.run(run())


def test_a_change_that_nobody_waits_for_is_written_too(world: World) -> None:
    store = Store(world.journal.scope("1", "here"))

    async def run() -> None:
        world.saver.start()
        await asyncio.to_thread(store.put, "Model", "m", {})
        while not list(world.database.records()):
            await asyncio.sleep(0.01)
        await world.saver.close()

    asyncio.run(asyncio.wait_for(run(), 10))


def test_closing_writes_what_is_left(world: World) -> None:
    async def run() -> None:
        world.saver.start()
        world.tables["iam"]["_roles"]["1", "r"] = {}
        await world.saver.close()

    asyncio.run(run())
    world.die()
    assert world.tables["iam"]["_roles"] == {("1", "r"): {}}


def test_who_waits_for_a_full_disk_is_told_and_the_change_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(world.journal.scope("1", "here"))
    commit = world.database.commit

    def full(_: Changes) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def run() -> None:
        world.tables["iam"]["_roles"]["1", "r"] = {}
        store.put("Model", "m", {})
        monkeypatch.setattr(world.database, "commit", full)
        with pytest.raises(sqlite3.OperationalError, match="disk is full"):
            await world.saver.settled(IAM)
        monkeypatch.setattr(world.database, "commit", commit)
        await world.saver.settled(IAM)

    asyncio.run(run())
    assert len(roles(world)) == 1
    assert len(list(world.database.records())) == 1


def test_a_body_is_on_disk_before_what_refers_to_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[set[str]] = []
    commit = world.database.commit
    monkeypatch.setattr(
        world.database, "commit", lambda changes: (found.append(world.files()), commit(changes))
    )
    world.tables["s3"]["_buckets"]["1", "b"] = {"objects": {"k": {"body": b"x" * 5000}}}
    asyncio.run(world.saver.settled(Focus(frozenset({"s3"}))))
    assert [len(files) for files in found] == [1]


def test_a_focus_for_several_is_narrow_when_all_are() -> None:
    one = Focus(frozenset({"s3"}), frozenset({("b", "1")}), narrow=True)
    other = Focus(frozenset({"s3"}), frozenset({("b", "2")}), narrow=True)
    both = frozenset({("b", "1"), ("b", "2")})
    assert merged([one, other, IAM]) == Focus(frozenset({"s3", "iam"}), both, narrow=True)
    assert not merged([one, Focus(frozenset({"s3"}))]).narrow
    assert merged([one, Focus(frozenset({"s3"}), deep=True)]).deep
