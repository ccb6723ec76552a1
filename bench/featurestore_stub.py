"""A Feature Store that takes every record and holds none: what a client costs without a store behind it."""

import asyncio
import json
import sys

from infra.data.features import EVENT_TIME, FEATURES, RECORD_IDENTIFIER

_ANSWERS = {
    b"POST /BatchWriteRecord": {"Errors": [], "UnprocessedEntries": []},
    b"POST /BatchGetRecord": {"Records": [], "Errors": [], "UnprocessedIdentifiers": []},
    b"PUT /FeatureGroup/": {},
    b"POST / ": {
        "FeatureGroupName": "reviews",
        "FeatureGroupArn": "arn:aws:sagemaker:us-east-1:123456789012:feature-group/reviews",
        "RecordIdentifierFeatureName": RECORD_IDENTIFIER,
        "EventTimeFeatureName": EVENT_TIME,
        "FeatureDefinitions": [{"FeatureName": name, "FeatureType": kind} for name, kind in FEATURES.items()],
        "CreationTime": 1_790_000_000,
        "FeatureGroupStatus": "Created",
        "OnlineStoreConfig": {"EnableOnlineStore": True},
    },
}
_BODIES = {start: json.dumps(answer).encode() for start, answer in _ANSWERS.items()}
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as much of it as botocore uses."""

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:end])
            total = end + 4 + _length(head)
            if len(self._received) < total:
                return
            del self._received[:total]
            body = next(body for start, body in _BODIES.items() if head.startswith(start))
            self._transport.write(_HEAD % len(body) + body)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except KeyboardInterrupt:
        sys.exit(0)
