"""Sends what is meant for AWS's own hosts to the local cloud, as a hosts file and a certificate would.

Nearly everything obeys AWS_ENDPOINT_URL. The SDK's helper for role names and default buckets does not: it
spells the address of STS out. Import of this module changes botocore's transport and nothing of the SDK.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from botocore.httpsession import URLLib3Session

_original = URLLib3Session.send


def redirected(url: str) -> str:
    """The URL at the local cloud, for one of AWS; any other stays."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".amazonaws.com"):
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{os.environ['AWS_ENDPOINT_URL']}{parts.path}{query}"


def _send(self: URLLib3Session, request: Any) -> Any:
    request.url = redirected(request.url)
    return _original(self, request)


URLLib3Session.send = _send  # type: ignore[method-assign]
