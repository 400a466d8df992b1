"""Which package speaks to which platform."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from levelhead.channels.domain import ChannelAccount, PlatformInfo
from levelhead.channels.ports import Connector
from levelhead.kernel.errors import ConfigurationError

# Platform -> package below levelhead.connectors with `info` and `connect(account)`.
PLATFORMS = {
    "bluesky": "bluesky",
    "file": "file",
    "mastodon": "mastodon",
    "memory": "memory",
    "replay": "replay",
    "webhook": "webhook",
}


@cache
def platform_info(platform: str) -> PlatformInfo:
    """What is true of a platform. Raises ConfigurationError for one that we do not speak to."""
    info: PlatformInfo = importlib.import_module(_package(platform)).info
    return info


def channel_info(platform: str, settings: Mapping[str, object]) -> PlatformInfo:
    """What is true of one channel: a recording counts as the platform it looks like."""
    package = importlib.import_module(_package(platform))
    of_channel = getattr(package, "info_for", None)
    info: PlatformInfo = of_channel(settings) if of_channel else package.info
    return info


def connect(account: ChannelAccount) -> Connector:
    """A connector for the account. Raises ConfigurationError or ChannelError."""
    info = platform_info(account.platform)
    for kind, needed, given in (
        ("setting", info.required_settings, account.settings),
        ("secret", info.required_secrets, account.secrets),
    ):
        for name in needed:
            if not given.get(name):
                raise ConfigurationError(
                    f"The channel {account.name!r} has no {kind} {name!r}; {info.title} needs it. "
                    "Add it in the channel's settings."
                )
    connector: Connector = importlib.import_module(_package(account.platform)).connect(account)
    return connector


def _package(platform: str) -> str:
    if platform not in PLATFORMS:
        raise ConfigurationError(
            f"{platform!r} is not a platform of Levelhead. Known: {', '.join(sorted(PLATFORMS))}."
        )
    return f"levelhead.connectors.{PLATFORMS[platform]}"
