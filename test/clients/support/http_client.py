"""Talks to the server with Python's http.client and prints what it saw as JSON. python.test.ts runs it."""

import http.client
import json
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
connection.connect()
first_socket = connection.sock
seen = {}


def ask(name, method, path, **options):
    connection.request(method, path, **options)
    response = connection.getresponse()
    seen[name] = [response.status, response.read().decode("latin-1")]


ask("json", "GET", "/params/a%20b/c")
ask("body", "POST", "/echo", body=b"hello", headers={"Content-Type": "text/plain"})
ask("chunks", "PUT", "/echo", body=iter([b"one ", b"two ", b"three"]), encode_chunked=True,
    headers={"Transfer-Encoding": "chunked"})
ask("head", "HEAD", "/big?bytes=999")
ask("missing", "GET", "/nothing")
ask("stream", "GET", "/stream?chunks=5")
seen["oneConnection"] = connection.sock is first_socket
connection.request("GET", "/big?bytes=500000")
seen["large"] = len(connection.getresponse().read())
connection.close()
print(json.dumps(seen))
