"""What both servers in Python need: what the test asks for, and a free port."""

import json
import os
import sys
import threading
from wsgiref.simple_server import make_server

# The clients to know and the settings of this run.
ASKED = json.loads(sys.argv[1])


def serve(app, about):
    """Serves on a free loopback port, says in one line on stdout where what is,
    and ends when its stdin is closed: also if the test is killed.
    """
    server = make_server("127.0.0.1", 0, app)
    origin = f"http://127.0.0.1:{server.server_port}"
    places = {name: origin + path for name, path in about.pop("places").items()}
    print(json.dumps({"origin": origin, **about, **places}), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    # What a request may still be doing matters to nobody now.
    os._exit(0)
