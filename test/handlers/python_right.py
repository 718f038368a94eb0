"""Fareplay's webhooks with nothing but Python's standard library."""

import hashlib
import hmac
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("FAREPLAY_WEBHOOK_SECRET", "").encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.read_body()
        given = self.headers.get_all("X-Fareplay-Signature") or []
        expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        right = len(given) == 1 and hmac.compare_digest(given[0].encode(), expected.encode())
        self.answer(200 if right and SECRET else 401)

    def read_body(self):
        """The whole body, also where it comes in chunks, which http.server leaves to its user."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 64


server = Server(("127.0.0.1", int(os.environ.get("PORT", "0"))), Handler)
print(server.server_port, flush=True)
server.serve_forever()
