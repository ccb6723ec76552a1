"""Several hosts, one model: what torch.distributed needs, from the SM_* variables of the toolkit."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_code.reviews.errors import BertlineError

PORT = "7777"


class HostsError(BertlineError):
    """The SM_* variables do not say which of which hosts this is."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of a training job; rank 0 writes the model."""

    rank: int
    names: tuple[str, ...]
    interface: str | None = None

    @property
    def count(self) -> int:
        """Number of hosts, one process each."""
        return len(self.names)


def read_hosts(environment: Mapping[str, str]) -> Hosts:
    """Read SM_HOSTS and SM_CURRENT_HOST; without them this is the only host."""
    if "SM_HOSTS" not in environment:
        return Hosts(0, ("algo-1",))
    try:
        names = tuple(sorted(json.loads(environment["SM_HOSTS"])))
        rank = names.index(environment["SM_CURRENT_HOST"])
    except (KeyError, TypeError, ValueError):
        raise HostsError(
            f"SM_CURRENT_HOST={environment.get('SM_CURRENT_HOST')!r} must be one of "
            f"SM_HOSTS={environment['SM_HOSTS']}"
        ) from None
    if int(environment.get("SM_NUM_GPUS") or 0) > 1:
        raise HostsError(
            f"one process trains on each host, but this one has {environment['SM_NUM_GPUS']} GPUs: choose an "
            "instance type with one GPU and raise TrainInstanceCount"
        )
    return Hosts(rank, names, environment.get("SM_NETWORK_INTERFACE_NAME"))


def leave() -> None:
    """Take the process group down, if there is one: its threads must not outlive the host that ends first."""
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def join(hosts: Hosts) -> None:
    """Set what torch.distributed reads, if there is more than one host.

    MASTER_ADDR and MASTER_PORT keep values that the platform has set.
    """
    if hosts.count == 1:
        return
    os.environ.setdefault("MASTER_ADDR", hosts.names[0])
    os.environ.setdefault("MASTER_PORT", PORT)
    os.environ.update({"RANK": str(hosts.rank), "LOCAL_RANK": "0", "WORLD_SIZE": str(hosts.count)})
    if hosts.interface:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", hosts.interface)
        os.environ.setdefault("NCCL_SOCKET_IFNAME", hosts.interface)
