import os

import pytest

from pipeline_code.reviews.training.hosts import Hosts, HostsError, join, read_hosts


def test_the_rank_is_the_place_among_sorted_names() -> None:
    environment = {"SM_HOSTS": '["algo-2", "algo-1"]', "SM_CURRENT_HOST": "algo-2", "SM_NUM_GPUS": "1"}
    assert read_hosts(environment) == Hosts(1, ("algo-1", "algo-2"))


def test_without_hosts_this_is_the_only_one() -> None:
    assert read_hosts({}) == Hosts(0, ("algo-1",))


@pytest.mark.parametrize(
    "environment",
    [
        {"SM_HOSTS": '["algo-1"]', "SM_CURRENT_HOST": "algo-3"},
        {"SM_HOSTS": '["algo-1"]'},
        {"SM_HOSTS": "algo-1", "SM_CURRENT_HOST": "algo-1"},
    ],
)
def test_a_host_outside_the_hosts_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(HostsError, match="SM_CURRENT_HOST"):
        read_hosts(environment)


def test_idle_gpus_are_refused() -> None:
    with pytest.raises(HostsError, match="4 GPUs"):
        read_hosts({"SM_HOSTS": '["algo-1"]', "SM_CURRENT_HOST": "algo-1", "SM_NUM_GPUS": "4"})


def test_joining_sets_what_torch_reads_and_keeps_the_platforms_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", {"MASTER_ADDR": "127.0.0.1"})
    join(Hosts(1, ("algo-1", "algo-2"), "eth0"))
    assert os.environ == {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "7777",
        "RANK": "1",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "2",
        "GLOO_SOCKET_IFNAME": "eth0",
        "NCCL_SOCKET_IFNAME": "eth0",
    }


def test_one_host_joins_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    join(Hosts(0, ("algo-1",)))
    assert os.environ == {}
