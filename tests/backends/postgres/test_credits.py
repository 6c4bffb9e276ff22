"""Money, under every order of events: the balance is the ledger, and nothing is paid for air."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ourvidz.domain.account import Identity
from ourvidz.domain.credits import PLANS, PRICES
from ourvidz.domain.errors import NotAllowed, NotEnoughCredits
from ourvidz.domain.job import FINAL, Lease
from tests.backends.postgres.house import CARD, House, delivery

FRAMES = st.sampled_from([1, 80, 81, 161])
COST = {1: 1, 80: 1, 81: 2, 161: 2}


def test_the_database_charges_what_the_app_shows(house: House) -> None:
    rows = house.root.execute("select seconds, credits from public.prices").fetchall()
    assert dict(rows) == dict(PRICES)
    plans = house.root.execute("select tier, monthly_credits from public.plans").fetchall()
    assert dict(plans) == dict(PLANS)


def test_a_grant_counts_once(house: House) -> None:
    me = house.person()
    assert [house.office.add_credits(me.user_id, 5, "gift", "k1") for _ in range(3)] == [5, 5, 5]
    assert house.office.add_credits(me.user_id, -2, "taken back", "k2") == 3
    with pytest.raises(NotEnoughCredits):
        house.office.add_credits(me.user_id, -4, "too much", "k3")


def test_a_plan_gives_its_month_once(house: House) -> None:
    from datetime import UTC, datetime

    me = house.person()
    for _ in range(2):
        balance = house.office.update_subscription(
            me.user_id, "pro", period_end=datetime(2027, 1, 1, tzinfo=UTC), key="invoice 1"
        )
        assert balance == PLANS["pro"]
    assert house.records.account(me).tier == "pro"


class Money(RuleBasedStateMachine):
    """Two people, one line, and everything that can happen to a job."""

    house: House

    @initialize()
    def open(self) -> None:
        self.house.root.execute("delete from auth.users")  # and with them everything else
        self.people = [self.house.person(credits=3), self.house.person(credits=1)]
        self.house.queue.register(CARD)
        self.leases: list[Lease] = []
        self.orders: list[tuple[Identity, UUID]] = []
        self.keys = 0

    @rule(who=st.integers(0, 1), amount=st.integers(1, 3))
    def grant(self, who: int, amount: int) -> None:
        self.keys += 1
        user = self.people[who].user_id
        self.house.office.add_credits(user, amount, "grant", f"{user} {self.keys}")

    @rule(who=st.integers(0, 1), frames=FRAMES, again=st.booleans())
    def submit(self, who: int, frames: int, again: bool) -> None:
        me, have = self.people[who], self.house.records.account(self.people[who]).credits
        self.keys += 1
        params = {"prompt": "a cat", "num_frames": frames}
        try:
            job = self.house.order(me, key=f"job {self.keys}", params=params)
        except NotEnoughCredits as error:
            assert (error.need, error.have) == (COST[frames], have)
            assert have < COST[frames]
            return
        assert have >= job.cost == COST[frames]
        self.orders.append((me, job.id))
        if again:
            assert self.house.order(me, key=f"job {self.keys}", params=params).id == job.id

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.orders:
            me, job_id = data.draw(st.sampled_from(self.orders))
            self.house.records.cancel(me, job_id)

    @rule()
    def claim(self) -> None:
        lease = self.house.queue.claim(CARD, 60)
        if lease:
            self.leases.append(lease)

    @rule(data=st.data(), outcome=st.sampled_from(["succeeded", "failed", "cancelled", "retry"]))
    def finish(self, data: st.DataObject, outcome: Any) -> None:
        if not self.leases:
            return
        lease = data.draw(st.sampled_from(self.leases))  # also one that is long lost
        result = delivery(lease.job, lease.attempt) if outcome == "succeeded" else None
        self.house.queue.finish(lease, outcome, result=result, error="x", error_family="internal")

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.leases:
            self.house.queue.release(data.draw(st.sampled_from(self.leases)))

    @rule()
    def crash_of_all_workers(self) -> None:
        self.house.expire_leases()
        self.house.queue.reap()

    @rule()
    def time_passes(self) -> None:
        self.house.end_pauses()

    @invariant()
    def the_balance_is_the_ledger(self) -> None:
        wrong = self.house.scalar(
            "select count(*) from public.users u where credits_remaining < 0 or credits_remaining"
            " <> (select coalesce(sum(amount), 0) from public.usage_logs l where l.user_id = u.id)"
            " or credits_remaining is distinct from coalesce((select balance"
            " from public.usage_logs l where l.user_id = u.id order by id desc limit 1), 0)"
        )
        assert wrong == 0

    @invariant()
    def what_is_paid_is_delivered_and_nothing_else(self) -> None:
        rows = self.house.root.execute(
            "select state, cost, attempts <= max_attempts,"
            " (select count(*) from public.videos v where v.job_id = j.id),"
            " (select jsonb_object_agg(entry, amount) from public.usage_logs l"
            "  where l.job_id = j.id)"
            " from public.jobs j"
        ).fetchall()
        for state, cost, attempts_are_left, videos, lines in rows:
            expected = {"reserve": -cost}
            if state == "succeeded":
                expected["settle"] = 0
            elif state in FINAL:
                expected["refund"] = cost
            assert lines == expected
            assert videos == (1 if state == "succeeded" else 0)
            assert attempts_are_left


def test_the_balance_always_equals_the_ledger(house: House) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    class Here(Money):
        pass

    Here.house = house
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_same_credit_is_not_spent_twice_from_two_tabs(house: House) -> None:
    from concurrent.futures import ThreadPoolExecutor

    me = house.person(credits=1)

    def buy(tab: int) -> bool:
        try:
            house.order(me, key=f"tab {tab}")
        except NotEnoughCredits:
            return False
        return True

    with ThreadPoolExecutor(8) as tabs:
        assert sum(tabs.map(buy, range(8))) == 1
    assert house.records.account(me).credits == 0


def test_a_double_click_is_one_job_and_one_charge(house: House) -> None:
    from concurrent.futures import ThreadPoolExecutor

    me = house.person(credits=5)
    with ThreadPoolExecutor(8) as clicks:
        jobs = set(clicks.map(lambda _: house.order(me, key="click").id, range(8)))
    assert len(jobs) == 1
    assert house.records.account(me).credits == 4


def test_no_age_no_job(house: House) -> None:
    me = house.person(credits=5, adult=False)
    with pytest.raises(NotAllowed, match="18"):
        house.order(me)
    assert house.records.account(me).credits == 5
