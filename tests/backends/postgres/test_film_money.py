"""A film's money under every order of events: paid once, and what was not delivered comes back."""

from __future__ import annotations

from math import ceil
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ourvidz.domain.credits import price
from ourvidz.domain.errors import NotAllowed, NotEnoughCredits
from ourvidz.domain.job import FINAL, Job, Lease
from tests.backends.postgres.film_house import WORKER, new_film
from tests.backends.postgres.house import House, delivery

SHOTS = st.sampled_from([1, 2, 3, 5, 12])


class FilmMoney(RuleBasedStateMachine):
    """One person, two storyboards, and everything that can happen to a film."""

    house: House

    @initialize()
    def open(self) -> None:
        self.house.root.execute("delete from auth.users")
        self.me = self.house.person(credits=12)
        self.house.queue.register(WORKER)
        records = self.house.records
        self.boards = [records.create_storyboard(self.me, {"title": t}).id for t in "AB"]
        self.films: list[Job] = []
        self.leases: list[Lease] = []

    @rule(board=st.integers(0, 1), shots=SHOTS)
    def order(self, board: int, shots: int) -> None:
        have = self.house.records.account(self.me).credits
        new = new_film(self.boards[board], shots)
        told = self.house.records.film_price(self.me, new)
        try:
            film = self.house.records.enqueue_film(self.me, new)
        except NotEnoughCredits as error:
            assert have < error.need == told.credits
            return
        if film.id not in {one.id for one in self.films}:
            assert film.cost == told.credits == ceil(price(5 * shots) * told.missing / shots)
            self.films.append(film)

    @rule(data=st.data(), shot=st.integers(0, 2))
    def redo(self, data: st.DataObject, shot: int) -> None:
        if self.films:
            film = data.draw(st.sampled_from(self.films))
            params = {"prompt": "again", "num_frames": 80, "seed": 5}
            try:
                self.house.records.redo_shot(self.me, film.id, f"a/{shot}", params)
            except (NotAllowed, NotEnoughCredits):
                return

    @rule(data=st.data(), act=st.sampled_from(["cancel", "retry_film", "take_film"]))
    def decide(self, data: st.DataObject, act: str) -> None:
        if self.films:
            film = data.draw(st.sampled_from(self.films))
            try:
                getattr(self.house.records, act)(self.me, film.id)
            except NotAllowed:
                return

    @rule(count=st.integers(1, 6))
    def claim(self, count: int) -> None:
        for _ in range(count):
            if lease := self.house.queue.claim(WORKER, 60):
                self.leases.append(lease)

    @rule(data=st.data(), outcome=st.sampled_from(["succeeded"] * 4 + ["failed", "retry"]))
    def finish_some(self, data: st.DataObject, outcome: Any) -> None:
        for lease in self.leases[: data.draw(st.integers(1, 6))]:
            result = delivery(lease.job, lease.attempt) if outcome == "succeeded" else None
            self.house.queue.finish(
                lease, outcome, result=result, error="x", error_family="internal"
            )
        self.leases = self.leases[6:]

    @rule()
    def crash_of_all_workers(self) -> None:
        self.house.expire_leases()
        self.house.queue.reap()
        self.house.end_pauses()

    @invariant()
    def the_balance_is_the_ledger(self) -> None:
        wrong = self.house.scalar(
            "select count(*) from public.users u where credits_remaining < 0 or credits_remaining"
            " <> (select coalesce(sum(amount), 0) from public.usage_logs l where l.user_id = u.id)"
        )
        assert wrong == 0

    @invariant()
    def a_film_that_is_over_has_cost_what_it_delivered(self) -> None:
        for state, cost, params, lines in self.house.root.execute(
            "select state, cost, params, (select jsonb_object_agg(entry, amount)"
            " from public.usage_logs l where l.job_id = j.id) from public.jobs j"
            " where kind = 'film'"
        ).fetchall():
            lines = lines or {}
            if cost == 0:
                assert lines == {}
                continue
            assert lines["reserve"] == -cost
            back = lines.get("refund", 0)
            assert 0 <= back <= cost
            if state == "waiting":
                assert lines == {"reserve": -cost}
            elif state == "succeeded":
                assert "settle" in lines or back == cost
                assert back == 0 or "partial" in params
            else:
                assert ("settle" in lines) == (back < cost)

    @invariant()
    def a_clip_costs_nothing_unless_it_is_another_take(self) -> None:
        for state, cost, take, lines in self.house.root.execute(
            "select state, cost, take, (select jsonb_object_agg(entry, amount)"
            " from public.usage_logs l where l.job_id = j.id) from public.jobs j"
            " where parent_id is not null"
        ).fetchall():
            expected = {"reserve": -cost} if cost else {}
            assert cost == 0 or take > 0
            if cost and state in FINAL:
                expected |= {"settle": 0} if state == "succeeded" else {"refund": cost}
            assert (lines or {}) == expected

    @invariant()
    def no_film_waits_for_nothing(self) -> None:
        """Something of it is open, or its owner has been told what to decide."""
        stuck = self.house.scalar(
            "select count(*) from public.jobs film where kind = 'film' and state = 'waiting'"
            " and not exists (select from public.jobs j where j.parent_id = film.id"
            " and j.state in ('waiting', 'queued', 'running', 'failed', 'cancelled'))"
        )
        assert stuck == 0


def test_a_film_is_paid_once_for_what_it_delivers(house: House) -> None:
    class Here(FilmMoney):
        pass

    Here.house = house
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
