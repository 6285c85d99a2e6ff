"""What performance is claimed, measured end to end: a server in its own process, clients over HTTP,
and the peer in the same run. `script/bench` is the entry."""
