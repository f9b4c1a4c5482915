"""A mail server on this machine that keeps what it is given, or refuses it."""

import socket
import socketserver
import ssl
import subprocess
import threading
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

from app.config import MailSecurity
from app.services.mail_server import MailServer

SENDER = "noreply@example.edu.cn"


class Post(socketserver.ThreadingTCPServer):
    """As much of SMTP as smtplib speaks.

    Args:
        identity: certificate and key; with one, it encrypts when asked to.
        at_once: it encrypts from the first word on.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, identity=None, *, at_once=False):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.identity = identity
        self.at_once = at_once
        #: what was said before and after encryption began
        self.clear, self.sealed = [], []
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
        self.heard = self.server.clear
        try:
            if self.server.at_once:
                self.encrypt()
            self.say("220 post.example.edu.cn")
            while line := self.rfile.readline():
                self.heard.append(line.decode().strip())
                if not self.answer(line.decode().strip()):
                    return
        except ssl.SSLError:
            # The other side does not know our certificate, and left.
            return

    def finish(self):
        super().finish()
        self.connection.close()

    def encrypt(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server.identity)
        self.rfile.close()
        self.wfile.close()
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.heard = self.server.sealed

    def answer(self, line):
        usual = {
            "EHLO": "250 post.example.edu.cn",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "RSET": "250 ok",
            "DATA": "354 go on",
            "QUIT": "221 bye",
            "STAR": "220 begin" if self.server.identity else "502 unknown",
            "AUTH": "235 welcome",
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
        if verb == "EHLO" and self.server.identity:
            self.say("250-post.example.edu.cn\r\n250-STARTTLS\r\n250 AUTH PLAIN")
            return True
        self.say(given or usual.get(verb, "502 unknown"))
        if verb == "STAR" and self.server.identity:
            self.encrypt()
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
def run_post(identity=None, **options):
    """A mail server in a thread."""
    with Post(identity, **options) as post:
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


def make_identity(folder):
    """A certificate for this machine that nobody vouches for, and its key."""
    certificate, key = folder / "post.crt", folder / "post.key"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    named = ("-addext", "subjectAltName=IP:127.0.0.1")
    command = [*words.split(), *named, "-out", certificate, "-keyout", key]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key
