#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""supd-log, driven as supd-init drives it: channel, streams, journald's sockets."""
import array
import json
import os
import pathlib
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BINARY, READER = sys.argv[1], sys.argv[2]
UID = 0x40000003
DEADLINE = 60  # seconds; only a bound for a test that would hang
CONFIG, STREAM, GONE = 0, 1, 2
RECORD = struct.Struct("=IIQQIIII16s256s64s")
CHILD = """
import os, resource, sys
# Opened by root: the way to it may be nobody else's, as one in /root is.
os.dup2(os.open(sys.argv[1], os.O_RDONLY), 300, inheritable=False)
for i, fd in enumerate(map(int, sys.argv[3:])):
    os.dup2(fd, 100 + i)
for i in range(4):
    os.dup2(100 + i, 3 + i)
os.closerange(7, 256)
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
for limit in filter(None, os.environ.get("LIMITS", "").split(",")):
    name, value = limit.split("=")
    resource.setrlimit(getattr(resource, name), (int(value), int(value)))
os.execve(300, ["supd-log"], os.environ)
"""


def record(kind, slot=0, unit="", identifier="", invocation=b"", prefix=1, priority=6,
           max_bytes=1 << 22, interval=0, lines=0, trusted=4242):
    return RECORD.pack(kind, slot, max_bytes, interval, lines, trusted, priority, prefix,
                       invocation, unit.encode(), identifier.encode())


class Log:
    def __init__(self, directory=None, uid=UID, **config):
        self.tmp = tempfile.TemporaryDirectory(prefix="supd-log-")
        self.dir = directory or os.path.join(self.tmp.name, "log")
        os.chmod(self.tmp.name, 0o755)
        os.makedirs(self.dir, mode=0o750, exist_ok=True)
        os.chown(self.dir, UID, UID)
        self.uid, self.config, self.process = uid, config, None
        self.streams, self.limits = {}, ""
        self.stdout = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.stdout.bind(self.tmp.name + "/stdout")
        self.stdout.listen(64)
        self.native = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.native.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.native.bind(self.tmp.name + "/native")
        for name in ("stdout", "native"):
            os.chmod(self.tmp.name + "/" + name, 0o666)
        self.start()

    def start(self):
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fd = os.open(self.dir, os.O_RDONLY | os.O_DIRECTORY)
        fds = [theirs.fileno(), fd, self.stdout.fileno(), self.native.fileno()]
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, BINARY, str(self.uid)] + [str(f) for f in fds],
            pass_fds=fds, stderr=subprocess.PIPE, env=dict(os.environ, LIMITS=self.limits))
        os.close(fd)
        theirs.close()
        self.channel.send(record(CONFIG, **self.config))
        for slot, (reader, _, meta) in self.streams.items():
            self.send(record(STREAM, slot, **meta), reader)

    def send(self, data, fd=None):
        extra = []
        if fd is not None:
            extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd.fileno()]))]
        self.channel.sendmsg([data], extra)

    def stream(self, slot, unit, **meta):
        reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        meta["unit"] = unit
        self.streams[slot] = (reader, writer, meta)
        self.send(record(STREAM, slot, **meta), reader)
        return writer

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.channel.close()

    def connect(self, header):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(self.tmp.name + "/stdout")
        s.sendall(header)
        return s

    def datagram(self, data):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.sendto(data, self.tmp.name + "/native")
        s.close()

    def read(self, *args):
        out = subprocess.run([READER, self.dir, *args], check=True, capture_output=True).stdout
        return [json.loads(line) for line in out.splitlines()]

    def wait(self, unit, condition):
        """Reads until the condition on the unit's records holds."""
        end = time.monotonic() + DEADLINE
        while True:
            records = self.read("all", unit)
            if condition(records):
                return records
            if time.monotonic() > end:
                raise AssertionError(f"{len(records)} records, last {records[-3:]}, "
                                     f"supd-log: {self.process.poll()}")
            time.sleep(0.01)

    def messages(self, unit, n):
        return [r["message"] for r in self.wait(unit, lambda r: len(r) >= n)]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.channel.close()
        for reader, writer, _ in self.streams.values():
            reader.close()
            writer.close()
        self.stdout.close()
        self.native.close()
        self.tmp.cleanup()


class SupdLog(unittest.TestCase):
    def log(self, **config):
        log = Log(**config)
        self.addCleanup(log.close)
        return log

    def test_stream_fields(self):
        log = self.log()
        writer = log.stream(7, "web.service", identifier="web", invocation=bytes(range(16)))
        writer.sendall(b"plain\n<3>error\n\nnul\0<9x>no prefix\n")
        records = log.wait("web.service", lambda r: len(r) >= 4)
        self.assertEqual([r["message"] for r in records], ["plain", "error", "nul", "<9x>no prefix"])
        self.assertEqual([r["priority"] for r in records], [6, 3, 6, 6])
        self.assertEqual(records[0]["pid"], os.getpid())
        self.assertEqual(records[0]["invocation_id"], bytes(range(16)).hex())
        self.assertEqual(records[0]["identifier"], "web")
        mode = os.stat(log.dir + "/web.service").st_mode & 0o777
        self.assertEqual(mode, 0o750)
        name = os.listdir(log.dir + "/web.service")[0]
        self.assertEqual(os.stat(f"{log.dir}/web.service/{name}").st_mode & 0o777, 0o640)

    def test_runs_confined(self):
        log = self.log()
        log.stream(1, "a.service").sendall(b"up\n")
        log.messages("a.service", 1)
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path(f"/proc/{log.process.pid}/status").read_text().splitlines()
                      if ":\t" in line)
        self.assertEqual(status["Uid"].split(), [str(UID)] * 4)
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status["NoNewPrivs"], "1")
        if "SUPD_SANITIZED" not in os.environ:  # a sanitizer needs more than the filter allows
            self.assertEqual(status["Seccomp"], "2")

    def test_refuses_root(self):
        log = self.log(uid=0)
        self.assertEqual(log.process.wait(DEADLINE), 1)
        self.assertIn(b"uid of its own", log.process.stderr.read())

    def test_kill_loses_nothing(self):
        log = self.log(max_bytes=1 << 24)
        writer = log.stream(3, "a.service")
        pid = os.fork()
        if pid == 0:
            for i in range(20000):
                writer.sendall(b"line %d\n" % i)
            os._exit(0)
        for _ in range(10):
            time.sleep(0.02)  # anywhere within the writing
            log.kill()
            log.start()
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        writer.sendall(b"end\n")
        records = log.wait("a.service", lambda r: r and r[-1]["message"] == "end")
        seen = {r["message"] for r in records}
        self.assertEqual([i for i in range(20000) if f"line {i}" not in seen], [])

    def test_incomplete_line_survives_kill(self):
        log = self.log()
        writer = log.stream(3, "a.service")
        writer.sendall(b"first\nincompl")
        log.messages("a.service", 1)
        log.kill()
        log.start()
        writer.sendall(b"ete\n")
        self.assertEqual(log.messages("a.service", 2), ["first", "incomplete"])

    def test_incomplete_line_is_written_at_last(self):
        log = self.log()
        writer = log.stream(3, "a.service")
        writer.sendall(b"last words")
        records = log.wait("a.service", lambda r: len(r) >= 1)
        self.assertEqual((records[0]["message"], records[0]["flags"]), ("last words", 1))

    def test_single_bytes_do_not_block(self):
        log = self.log()
        writer = log.stream(3, "a.service")
        writer.settimeout(DEADLINE)
        for _ in range(2000):
            writer.send(b"x")
        writer.send(b"\n")
        records = log.wait("a.service", lambda r: sum(len(x["message"]) for x in r) >= 2000)
        self.assertEqual("".join(r["message"] for r in records), "x" * 2000)

    def test_long_line_is_cut(self):
        log = self.log()
        writer = log.stream(3, "a.service", prefix=1)
        pid = os.fork()
        if pid == 0:
            writer.sendall(b"<4>" + b"y" * 100000 + b"\nnext\n")
            os._exit(0)
        os.waitpid(pid, 0)
        records = log.wait("a.service", lambda r: r and r[-1]["message"] == "next")
        self.assertEqual(sum(len(r["message"]) for r in records[:-1]), 100000)
        self.assertTrue(all(r["flags"] & 1 for r in records[:-2]))
        self.assertTrue(all(r["flags"] & 2 and r["priority"] == 4 for r in records[1:-1]))
        self.assertEqual(records[-1]["flags"], 0)

    def test_relabel_and_gone(self):
        log = self.log()
        writer = log.stream(3, "a.service", invocation=b"\1" * 16)
        writer.sendall(b"old\n")
        log.send(record(STREAM, 3, unit="a.service", invocation=b"\2" * 16))
        log.messages("a.service", 1)
        writer.sendall(b"new\nrest")
        log.send(record(GONE, 3))
        records = log.wait("a.service", lambda r: len(r) >= 3)
        self.assertEqual([r["message"] for r in records], ["old", "new", "rest"])
        self.assertEqual(records[1]["invocation_id"], "02" * 16)
        end = time.monotonic() + DEADLINE
        while os.listdir(f"/proc/{log.process.pid}/fd").__len__() > 15:
            self.assertLess(time.monotonic(), end, "the stream was not closed")
            time.sleep(0.01)

    def test_rotation(self):
        log = self.log(max_bytes=0)  # the least: four files of one longest record
        writer = log.stream(3, "a.service")
        pid = os.fork()
        if pid == 0:
            for i in range(12000):
                writer.sendall(b"%d %s\n" % (i, b"z" * 40))
            os._exit(0)
        os.waitpid(pid, 0)
        records = log.wait("a.service", lambda r: r and r[-1]["message"].startswith("11999 "))
        sizes = [e.stat().st_size for e in os.scandir(log.dir + "/a.service")]
        self.assertEqual(len(sizes), 4)
        self.assertLessEqual(sum(sizes), 4 * (96 * 1024 + 32))
        numbers = [int(r["message"].split()[0]) for r in records]
        self.assertEqual(numbers, list(range(numbers[0], 12000)))
        tail = log.read("tail", "3000", "a.service")
        self.assertEqual([int(r["message"].split()[0]) for r in tail], numbers[-3000:])

    def test_follow_over_rotation(self):
        log = self.log(max_bytes=0)
        writer = log.stream(3, "a.service")
        follower = subprocess.Popen([READER, log.dir, "follow", "9000", "a.service"],
                                    stdout=subprocess.PIPE, text=True)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        # Should supd-log end, the reader would wait for ever.
        timer = threading.Timer(DEADLINE, follower.kill)
        timer.start()
        self.addCleanup(timer.cancel)
        self.assertEqual(follower.stdout.readline(), "following\n")
        for first in range(0, 9000, 500):  # no further ahead than what rotation keeps
            writer.sendall(b"".join(b"%d\n" % i for i in range(first, first + 500)))
            for i in range(first, first + 500):
                self.assertEqual(json.loads(follower.stdout.readline())["message"], str(i))

    def test_rate_limit(self):
        log = self.log(interval=1000000, lines=10)
        writer = log.stream(3, "a.service")
        other = log.stream(4, "b.service")
        writer.sendall(b"".join(b"%d\n" % i for i in range(50)))
        other.sendall(b"calm\n")
        records = log.wait("a.service", lambda r: r and r[-1]["flags"] & 4)
        self.assertEqual([r["message"] for r in records[:10]], [str(i) for i in range(10)])
        self.assertTrue(records[10]["message"].startswith("40 messages suppressed"))
        self.assertEqual(log.messages("b.service", 1), ["calm"])

    def test_no_descriptors(self):
        """What has no place waits in its stream, and the next supd-log with room reads it."""
        log = self.log()
        log.kill()
        log.limits = "RLIMIT_NOFILE=48"
        log.start()
        writers = [log.stream(i, f"u{i}.service") for i in range(60)]
        for i, writer in enumerate(writers):
            writer.sendall(b"hello %d\n" % i)
        line = log.process.stderr.readline().decode()
        self.assertRegex(line, r"^supd-log: u\d+\.service: no descriptor left \(RLIMIT_NOFILE\): "
                               "what the unit says waits in its stream\n$")
        # Those that came in time are heard all the while.
        self.assertEqual(log.messages("u0.service", 1), ["hello 0"])
        # Once one of them is closed there is room: it ends, and the next one gets all streams.
        writers[0].close()
        self.assertEqual(log.process.wait(DEADLINE), 0)
        log.kill()
        reader, _, _ = log.streams.pop(0)
        reader.close()
        log.limits = ""
        log.start()
        for i in range(60):
            records = log.wait(f"u{i}.service", lambda r, text=f"hello {i}": any(
                x["message"] == text for x in r))
            self.assertEqual([x["message"] for x in records].count(f"hello {i}"), 1)

    def test_no_memory(self):
        """From too little to enough: it says so and ends, or works, and loses nothing."""
        if "SUPD_SANITIZED" in os.environ:
            self.skipTest("a sanitizer needs more addresses than any limit of this test")
        log = self.log()
        writers = [log.stream(i, f"m{i}.service") for i in range(4)]
        log.kill()
        ended, worked, said = 0, 0, set()
        for step, kib in enumerate(range(2048, 65536, 256)):
            log.limits = f"RLIMIT_AS={kib << 10}"
            try:
                log.start()
            except OSError:  # it was gone before it had its streams
                pass
            for writer in writers:
                writer.sendall(b"step %d\n" % step)
            end = time.monotonic() + DEADLINE
            while log.process.poll() is None and not all(
                    any(x["message"] == f"step {step}" for x in log.read("all", f"m{i}.service"))
                    for i in range(4)):
                self.assertLess(time.monotonic(), end)
                time.sleep(0.005)
            alive = log.process.poll() is None
            ended, worked = ended + (not alive), worked + alive
            log.process.kill()
            log.process.wait()
            said |= set(log.process.stderr.read().decode().splitlines())
            log.kill()
            if worked >= 2:
                break
        self.assertGreater(ended, 0)
        self.assertGreaterEqual(worked, 2)
        self.assertTrue(any("memory" in line for line in said), said)
        for i in range(4):
            # It stores before it takes a line out of the stream: one killed between says it twice.
            said = dict.fromkeys(r["message"] for r in log.read("all", f"m{i}.service"))
            self.assertEqual(list(said), [f"step {n}" for n in range(step + 1)])

    def test_full_disk(self):
        log = self.log()
        small = log.dir + "/full.service"
        os.mkdir(small, 0o750)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,uid={UID},mode=750", "none", small],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
        writer = log.stream(3, "full.service")
        other = log.stream(4, "b.service")
        writer.settimeout(DEADLINE)
        for i in range(2000):
            writer.sendall(b"%d %s\n" % (i, b"f" * 100))
        other.sendall(b"goes on\n")
        self.assertEqual(log.messages("b.service", 1), ["goes on"])
        self.assertTrue(select.select([log.process.stderr], [], [], DEADLINE)[0])
        self.assertEqual(log.process.stderr.readline(),
                         b"supd-log: what full.service says is lost: No space left on device\n")
        # It tries again from time to time, and its report may find room where a batch found none.
        log.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, log.process.pid, os.WSTOPPED)
        before = log.read("all", "full.service")
        self.assertLess(len(before), 2000)
        for name in os.listdir(small):
            os.truncate(f"{small}/{name}", 32)
        log.process.send_signal(signal.SIGCONT)

        def reports(records):
            return [r["message"] for r in before + records if r["flags"] & 4]

        def is_again(records):
            writer.sendall(b"again\n")
            return any(r["message"] == "again" for r in records)
        records = log.wait("full.service", reports)
        self.assertRegex(reports(records)[0], r"^\d+ messages lost: No space left on device$")
        log.wait("full.service", is_again)

    def test_garbage(self):
        log = self.log()
        writer = log.stream(3, "a.service")
        # Always the same: any line of it that began with "<3>" would be shorter in the store.
        garbage = random.Random(1).randbytes(300000)
        pid = os.fork()
        if pid == 0:
            writer.sendall(garbage + b"\n")
            writer.sendall(b"sane\n")
            os._exit(0)
        os.waitpid(pid, 0)
        log.channel.send(b"short")
        log.channel.send(record(99, 0xffffffff))
        log.channel.send(record(STREAM, 0xffffffff, unit="a.service"))
        log.datagram(os.urandom(5000))
        log.datagram(b"MESSAGE\n" + struct.pack("<Q", 1 << 60) + b"x\n")
        log.connect(b"no header\n" * 200).close()
        records = log.wait("a.service", lambda r: r and r[-1]["message"] == "sane")
        stored = b"".join(bytes.fromhex(r["hex"]) for r in records[:-1])
        self.assertEqual(stored, garbage.replace(b"\n", b"").replace(b"\0", b""))
        self.assertIsNone(log.process.poll())

    def test_damaged_file(self):
        log = self.log()
        writer = log.stream(3, "a.service")
        for i in range(100):
            writer.sendall(b"line %d\n" % i)
        log.messages("a.service", 100)
        log.kill()
        path = next(pathlib.Path(log.dir, "a.service").iterdir())
        data = bytearray(path.read_bytes())
        data[2000:2003] = b"???"
        path.write_bytes(data[:-37])  # a record torn at the end
        self.assertEqual(len(log.read("all", "a.service")), 98)
        log.start()
        writer.sendall(b"after\n")
        records = log.wait("a.service", lambda r: r and r[-1]["message"] == "after")
        self.assertEqual(len(records), 99)
        self.assertEqual([r["message"] for r in log.read("tail", "2", "a.service")],
                         ["line 98", "after"])

    def test_stdout_protocol(self):
        log = self.log()
        root = log.connect(b"nginx\nnginx.service\n30\n1\n0\n0\n0\n")
        root.sendall(b"hello\n<3>bad\nunfinished")
        root.close()
        records = log.wait("nginx.service", lambda r: len(r) >= 3)
        self.assertEqual([(r["message"], r["priority"]) for r in records],
                         [("hello", 6), ("bad", 3), ("unfinished", 6)])
        self.assertEqual(records[0]["identifier"], "nginx")
        pid = os.fork()
        if pid == 0:
            os.setuid(65534)
            log.connect(b"x\nnginx.service\n6\n0\n0\n0\n0\n").sendall(b"forged\n")
            log.datagram(b"UNIT=nginx.service\nMESSAGE=forged too\n")
            os._exit(0)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        records = log.wait("_strangers", lambda r: len(r) >= 2)
        self.assertEqual({r["message"] for r in records}, {"forged", "forged too"})
        self.assertEqual({r["uid"] for r in records}, {65534})
        self.assertEqual(len(log.read("all", "nginx.service")), 3)

    def test_strangers_cannot_push_out(self):
        """However much others send, what root and supd have said of no unit stays."""
        log = self.log(max_bytes=1 << 20)
        log.datagram(b"MESSAGE=who stopped what\n")
        log.wait("_unattributed", lambda r: len(r) >= 1)
        pid = os.fork()
        if pid == 0:
            os.setuid(65534)
            for _ in range(400):
                log.datagram(b"MESSAGE=" + b"x" * 20000 + b"\n")
            os._exit(0)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        log.datagram(b"UNIT=web.service\nMESSAGE=all is read\n")
        log.wait("web.service", lambda r: len(r) >= 1)
        self.assertGreater(len(log.messages("_strangers", 1)), 10)
        self.assertEqual(log.messages("_unattributed", 1), ["who stopped what"])

    def test_journald_client(self):
        log = self.log()
        code = ("import ctypes,os,sys;l=ctypes.CDLL('libsystemd.so.0');"
                "f=l.sd_journal_stream_fd(b'prog',5,1);os.write(f,b'from libsystemd\\n')")
        script = (f"mount -t tmpfs none /run && mkdir -p /run/systemd/journal && "
                  f"touch /run/systemd/journal/stdout && "
                  f"mount --bind {log.tmp.name}/stdout /run/systemd/journal/stdout && "
                  f"exec {sys.executable} -c \"{code}\"")
        subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-ec", script], check=True)
        records = log.wait("_unattributed", lambda r: len(r) >= 1)
        self.assertEqual((records[0]["message"], records[0]["identifier"], records[0]["priority"]),
                         ("from libsystemd", "prog", 5))

    def test_native(self):
        log = self.log()
        value = b"two\nlines"
        log.datagram(b"UNIT=web.service\nPRIORITY=3\nSYSLOG_IDENTIFIER=supd\nJOB_RESULT=done\n"
                     b"INVOCATION_ID=" + b"ab" * 16 + b"\n_HOSTILE=1\n"
                     b"MESSAGE\n" + struct.pack("<Q", len(value)) + value + b"\n")
        r = log.wait("web.service", lambda r: len(r) >= 1)[0]
        self.assertEqual((r["message"], r["priority"], r["identifier"]), ("two\nlines", 3, "supd"))
        self.assertEqual(r["fields"], {"JOB_RESULT": "done"})
        self.assertEqual(r["invocation_id"], "ab" * 16)

    def test_trusted_uid(self):
        log = self.log(trusted=4242)
        pid = os.fork()
        if pid == 0:
            os.setuid(4242)
            log.datagram(b"UNIT=web.service\nMESSAGE=by supd\n")
            log.datagram(b"UNIT=../../etc\nMESSAGE=no unit\n")
            os._exit(0)
        os.waitpid(pid, 0)
        self.assertEqual(log.messages("web.service", 1), ["by supd"])
        self.assertEqual(log.messages("_unattributed", 1), ["no unit"])

    def test_end_of_channel_drains(self):
        log = self.log()
        writer = log.stream(3, "a.service")
        writer.sendall(b"one\ntwo")
        log.channel.close()
        self.assertEqual(log.process.wait(DEADLINE), 0)
        self.assertEqual([r["message"] for r in log.read("all", "a.service")], ["one", "two"])

    def test_merge_and_since(self):
        log = self.log()
        a, b = log.stream(1, "a.service"), log.stream(2, "b.service")
        for i in range(10):
            (a, b)[i % 2].sendall(b"%d\n" % i)
            log.wait(("a.service", "b.service")[i % 2], lambda r: len(r) > i // 2)
        merged = log.read("all", "a.service", "b.service")
        self.assertEqual([r["message"] for r in merged], [str(i) for i in range(10)])
        tail = log.read("tail", "3", "a.service", "b.service")
        self.assertEqual([r["message"] for r in tail], ["7", "8", "9"])
        since = log.read("since", str(merged[4]["realtime_us"]), "a.service", "b.service")
        self.assertEqual([r["message"] for r in since], [str(i) for i in range(4, 10)])

    def test_idle_sleeps(self):
        log = self.log(interval=1000000, lines=10)
        log.stream(1, "a.service").sendall(b"up\n")
        log.messages("a.service", 1)
        path = pathlib.Path(f"/proc/{log.process.pid}/syscall")
        end = time.monotonic() + DEADLINE
        # blocked in epoll_wait(fd, events, 64, -1): no time-out is armed
        while True:
            words = path.read_text().split()
            if len(words) > 4 and int(words[4], 16) & 0xffffffff == 0xffffffff:
                break
            self.assertLess(time.monotonic(), end, words)
            time.sleep(0.01)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: needs root to start supd-log under a uid of its own")
        sys.exit(77)
    if not os.environ.get("SUPD_LOG_TEST_MOUNTS"):
        os.environ["SUPD_LOG_TEST_MOUNTS"] = "private"  # the mounts of these tests are their own
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable] + sys.argv)
    unittest.main(argv=["test_log"] + sys.argv[3:], verbosity=2)
