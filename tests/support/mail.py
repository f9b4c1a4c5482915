"""A mail server on this machine that keeps what it is given, or refuses it."""

import socket
import socketserver
import threading
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

from app.config import MailSecurity
from app.services.mail_server import MailServer

SENDER = "noreply@example.edu.cn"


class Post(socketserver.ThreadingTCPServer):
    """SMTP without encryption: as much of it as smtplib speaks."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.received = []
        self.connections = 0
        #: part of a command -> the answer it gets instead of the usual one
        self.answers = {}

    @property
    def port(self):
        return self.server_address[1]

    @property
    def letters(self):
        """What arrived, read as a mail program reads it."""
        return [message_from_bytes(data, policy=default) for _, data in self.received]

    @property
    def recipients(self):
        return [to for to, _ in self.received]


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        self.recipients = []
        self.say("220 post.example.edu.cn")
        while line := self.rfile.readline():
            if not self.answer(line.decode().strip()):
                return

    def answer(self, line):
        usual = {
            "EHLO": "250 post.example.edu.cn",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "RSET": "250 ok",
            "DATA": "354 go on",
            "QUIT": "221 bye",
        }
        verb = line[:4].upper()
        given = next(
            (
                text
                for part, text in self.server.answers.items()
                if part.lower() in line.lower()
            ),
            None,
        )
        self.say(given or usual.get(verb, "502 unknown"))
        if given:
            return not given.startswith("421")
        if verb == "RCPT":
            self.recipients.append(line.partition("<")[2].rstrip(">"))
        if verb == "DATA":
            self.take()
        return verb != "QUIT"

    def take(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        self.server.received.append((tuple(self.recipients), b"".join(lines)))
        self.recipients = []
        self.say("250 taken")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def run_post():
    """A mail server in a thread."""
    with Post() as post:
        thread = threading.Thread(target=post.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield post
        finally:
            post.shutdown()
            thread.join()


def address_of(post, **settings):
    """The mail server as settings of an installation name it."""
    given = {
        "security": MailSecurity.NONE,
        "sender": SENDER,
        "seconds": 2,
        "public_url": "https://forms.example.edu.cn",
        **settings,
    }
    return MailServer("127.0.0.1", post.port, **given)


@contextmanager
def run_silent():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
