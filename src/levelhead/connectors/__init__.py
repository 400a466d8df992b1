"""One package per platform, behind the ports of `channels.ports`."""
