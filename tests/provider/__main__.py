"""Runs the provider until it is killed: `python -m tests.provider [host [port]]`. The first line says where it is."""

import sys

from tests.provider.server import Server

host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
with Server(host, port) as server:
    print(f"http://{server.server_address[0]!s}:{server.server_address[1]}", flush=True)
    server.serve_forever()
