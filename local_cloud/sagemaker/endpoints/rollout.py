"""The change of an endpoint from one fleet to another, step by step, and back again when a step fails."""

from __future__ import annotations

import time
from collections.abc import Sequence

from local_cloud.sagemaker.endpoints import routing
from local_cloud.sagemaker.endpoints.alarms import Watch
from local_cloud.sagemaker.endpoints.errors import DeploymentFailed, DeploymentStopped
from local_cloud.sagemaker.endpoints.fleet import Fleet
from local_cloud.sagemaker.endpoints.live import Live
from local_cloud.sagemaker.endpoints.policy import CANARY, ROLLING, Policy
from local_cloud.sagemaker.endpoints.routing import Side

# Alarms are looked at this often: in seconds of the cloud's clock, within bounds of real ones.
_LOOK_S, _LOOK_REAL_S = 10.0, (0.1, 1.0)


class Rollout:
    """One update of an endpoint.

    Parameters
    ----------
    live
        The endpoint; its routes are changed, its status is not.
    new
        The fleet of the new configuration, not started yet.
    policy
        How to get there.
    watch
        The alarms that end it.
    """

    def __init__(self, live: Live, new: Fleet, policy: Policy, watch: Watch) -> None:
        self._live, self._new, self._policy, self._watch = live, new, policy, watch
        self._old: tuple[Side, ...] = live.table.sides if live.table else ()
        self._begun = time.monotonic()
        self._waited = self._waited_real = 0.0
        mixed = len(self._old) > 1  # what a failed rollback has left is replaced as a whole
        self._rolls = policy.kind == ROLLING and not mixed

    def forward(self) -> None:
        """Bring the new fleet up, give it the traffic, end the old one.

        Raises
        ------
        DeploymentFailed
            A model server did not start, an alarm went off, or the time was up; `back` undoes what was done.
        DeploymentStopped
            The cloud is ending.
        """
        if self._rolls:
            self._roll()
            return
        self._stage(self._new, "Creating", "Launching {count} instance(s).")
        self._new.start()
        self._watch.check()
        plans = {variant.plan.name: variant.instances for variant in self._new.production}
        steps = {name: self._policy.steps(total) for name, total in plans.items()}
        longest = max(map(len, steps.values()))
        for at, (seconds, member) in enumerate(self._policy.waits(longest)):
            enabled = {name: counts[min(at, len(counts) - 1)] for name, counts in steps.items()}
            self._activate(enabled, self._capacity(at, longest))
            self._bake(seconds, member, self._capacity(at, longest))
        for side in self._old:
            self._stage(side.fleet, "Deleting", "Terminating {count} instance(s).")
            self._live.end(side.fleet)

    def back(self) -> None:
        """Give the traffic back to the old fleet and end the new one.

        Raises
        ------
        DeploymentFailed
            The old fleet's instances cannot be brought up again; both fleets go on with what they have.
        """
        if self._rolls:
            self._roll_back()
        else:
            self._live.route(self._old)
        self._stage(self._new, "Deleting", "Terminating {count} instance(s).")
        self._live.end(self._new)
        for side in self._old:
            self._clear(side.fleet)

    def _capacity(self, at: int, steps: int) -> str:
        if at == steps - 1:
            return "full"
        return "canary" if self._policy.kind == CANARY else "linear step"

    def _activate(self, enabled: dict[str, int], capacity: str) -> None:
        """Let so many instances of each new variant take their share of its requests."""
        shares = {}
        for name, count in enabled.items():
            variant = self._new.variants[name]
            variant.enabled = None if count >= variant.instances else count
            shares[name] = count / variant.instances if variant.instances else 1.0
        self._stage(
            self._new,
            "ActivatingTraffic",
            f"Activating traffic on {capacity} capacity of {{count}} instance(s).",
        )
        self._live.route(routing.shifted(self._old, self._new, shares))

    def _bake(self, seconds: float, member: str, capacity: str) -> None:
        """Wait and watch the alarms."""
        if seconds:
            self._stage(
                self._new,
                "Baking",
                f"Baking for {seconds} seconds ({member}) with traffic enabled on {capacity} capacity "
                "of {count} instance(s).",
            )
        clock = self._live.ctx.clock
        shortest, longest = _LOOK_REAL_S
        look = min(longest, max(shortest, clock.real(_LOOK_S))) / clock.real(1.0)
        left = float(seconds)
        while True:
            self._watch.check()
            self._check_time()
            if left <= 0:
                return
            begun, pause = time.monotonic(), min(left, look)
            if clock.wait(self._live.stopping, pause):
                raise DeploymentStopped
            left -= pause
            self._waited += pause
            self._waited_real += time.monotonic() - begun

    def _check_time(self) -> None:
        """What is waited for counts by the cloud's clock, what is worked on by the real one."""
        spent = self._waited + (time.monotonic() - self._begun - self._waited_real)
        if self._policy.timeout_s is not None and spent > self._policy.timeout_s:
            raise DeploymentFailed(
                f"The deployment exceeded MaximumExecutionTimeoutInSeconds ({self._policy.timeout_s}). "
                "The endpoint is rolled back to its previous configuration."
            )

    def _roll(self) -> None:
        (side,), (variant,) = self._old, self._new.production
        name, old, total = variant.plan.name, side.fleet, variant.instances
        before = len(old.variants[name].workers)
        self._new.prepare()
        for shadow in self._new.shadows:
            self._new.grow(shadow.plan.name, shadow.instances)
        for done in self._policy.steps(total):
            batch = done - len(variant.workers)
            variant.enter("Creating", f"Launching {batch} instance(s).")
            self._live.announce_stage()
            self._new.grow(name, batch)
            self._watch.check()
            capacity = "full" if done == total else "rolling batch"
            self._activate({name: done}, capacity)
            self._bake(self._policy.wait_s, "WaitIntervalInSeconds", capacity)
            left = -(-before * (total - done) // total)
            leaving = len(old.variants[name].workers) - left
            old.variants[name].enter("Deleting", f"Terminating {leaving} instance(s).")
            self._live.announce_stage()
            old.shrink(name, leaving)
        self._live.end(old)

    def _roll_back(self) -> None:
        """Bring the old instances up again, in batches if the policy says so, and shift the traffic back."""
        (side,), (variant,) = self._old, self._new.production
        name, old = variant.plan.name, side.fleet.variants[variant.plan.name]
        missing = old.instances - len(old.workers)
        size = self._policy.rollback
        batch = size.instances(old.instances) if size else missing
        while (missing := old.instances - len(old.workers)) > 0:
            count = min(batch, missing)
            old.enter("Creating", f"Launching {count} instance(s).")
            self._live.announce_stage()
            side.fleet.grow(name, count)
            back = old.instances - len(old.workers)
            if back:  # so much of the traffic, and of the new instances, stays for now
                self._live.route(routing.shifted(self._old, self._new, {name: back / old.instances}))
                kept = -(-variant.instances * back // old.instances)
                self._new.shrink(name, max(0, len(variant.workers) - kept))
        self._live.route(self._old)

    def _stage(self, fleet: Fleet, status: str, message: str) -> None:
        for variant in fleet.variants.values():
            count = variant.instances if status == "Creating" else variant.active
            variant.enter(status, message.format(count=count))
        self._live.announce_stage()

    def _clear(self, fleet: Fleet) -> None:
        for variant in fleet.variants.values():
            variant.stage = None


def rolled_back_sides(old: Sequence[Side], new: Fleet) -> list[Side]:
    """What serves when both a rolling deployment and its rollback have failed: each fleet by its capacity."""
    shares = {}
    for variant in new.production:
        others = sum(len(side.fleet.variants[variant.plan.name].workers) for side in old)
        whole = len(variant.workers) + others
        shares[variant.plan.name] = len(variant.workers) / whole if whole else 0.0
    return routing.shifted(old, new, shares)
