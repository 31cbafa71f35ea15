# SPDX-License-Identifier: MIT
"""Directories of unit files at random, for the comparison of two loaders. What only one of them
has, or means otherwise on purpose (contrib/doc/DEVIATIONS.md), is not generated."""
import os

STUBS = ["sysinit.target", "basic.target", "shutdown.target", "umount.target", "timers.target",
         "sockets.target", "paths.target", "slices.target", "local-fs.target", "swap.target",
         "local-fs-pre.target", "time-set.target", "time-sync.target", "remote-fs.target",
         "remote-fs-pre.target", "network.target", "network-online.target"]
SERVICE_STUBS = ["systemd-tmpfiles-setup.service", "systemd-remount-fs.service"]
SOCKET_STUBS = ["systemd-journald.socket", "dbus.socket"]

SPANS = ["5", "90s", "2min 30s", "1h", "infinity", "0", "250ms", "1.5s", "1d 2h", "3w", "1month",
         "2y", "5us", "7min5s", "", "1 h", "10m", "4M", "5 sec 3 msec"]
SIZES = ["64M", "1G", "infinity", "1048576", "1.5G", "2K", "512B", "20%", "12.5%", "100%", "1T"]
BOOLS = ["yes", "no", "true", "false", "on", "off", "1", "0", "y", "n", "t", "f", "Yes", "NO"]
PATHS = ["/srv/a", "/srv//b/", "-/srv/c", "/var/lib/%N", "+/srv/d", "-+/srv/e", "/opt/./x",
         "/run/%n", "/home", "/etc/%p", "/usr/share/doc"]
WORDS = ["a", "b c", "%n", "%%", "$X", "${Y}", "'single'", '"double q"', "\\x41\\x20b", "\\\\",
         "semi\\;colon", "tab\\there", "%i", "%p", "%N", "%j", "é", "it\\'s", '"%n x"', "--opt=%H",
         '"a\\"b"', "'it is'", "\\u00e9", "\\101", '""', "#hash", "k=v", "a;b", "a\\.b\\d", "x\\ y", "'\\q'", "'a b'c", "[^a]", "`x`", "*", "~", "a=$A,${B}", "$$", "%t/x", "%S"]
SIGNALS = ["SIGTERM", "SIGINT", "HUP", "9", "SIGQUIT", "RTMIN+3", "USR1", "SIGWINCH"]
USERS = ["root", "daemon", "nobody", "games", "1", "%p"]
GROUPS = ["root", "adm", "tty", "video", "12"]
CAPS = ["CAP_NET_ADMIN", "CAP_CHOWN CAP_KILL", "~CAP_SYS_ADMIN", "", "CAP_SYS_PTRACE",
        "~CAP_SYS_BOOT CAP_SYS_TIME", "cap_setuid CAP_SETGID"]
CALENDARS = ["daily", "Mon..Fri *-*-* 06:30", "hourly", "*-*-1 12:00:00", "Sat,Sun 10:00",
             "*:0/15", "2031-01-01", "*-*~01 00:00", "weekly UTC"]
LISTENS = ["/run/%N.sock", "@abstract-%n", "8080", "127.0.0.1:90", "[::1]:91", "0.0.0.0:92",
           "/run/x y.sock", "/mnt/a/sock"]
CONDITIONS = ["PathExists", "PathExistsGlob", "PathIsDirectory", "FileNotEmpty", "FileIsExecutable",
              "DirectoryNotEmpty", "PathIsSymbolicLink", "PathIsReadWrite", "PathIsMountPoint"]
MODES = ["0644", "0700", "755", "0777", "1777"]


def choice(values):
    return lambda rng, ctx: rng.choice(values)


def words(values, most=3):
    return lambda rng, ctx: " ".join(rng.choice(values) for _ in range(rng.randint(1, most)))


def names(most=3):
    return lambda rng, ctx: " ".join(rng.choice(ctx.names) for _ in range(rng.randint(1, most)))


def number(low, high):
    return lambda rng, ctx: str(rng.randint(low, high))


def command(rng, ctx):
    prefix = rng.choice([""] * 8 + ["-", "+", "!", "!!", ":", "-+", "@", "-@", "+:", "-!"])
    line = prefix + rng.choice(["/bin/true", "/bin/echo", "/usr/bin/env", "'/bin/true'"])
    if "@" in prefix:
        line += " argv0"
    for _ in range(rng.randint(0, 4)):
        line += " " * rng.choice([1, 1, 2]) + rng.choice(WORDS)
    if rng.random() < 0.1:
        line += " \\\n  continued # no comment"
    return line


def environment(rng, ctx):
    values = ["A=1", '"B=two words"', "C=%n", "D=", "'E=x y'", "F=a=b", 'G="q q"', "A=2",
              "H=\\x41", "I=%%", "J=$K", "_L=é"]
    return " ".join(rng.choice(values) for _ in range(rng.randint(1, 3)))


def condition(rng, ctx):
    value = rng.choice(["/etc/passwd", "/srv/%n", "/none", "/etc/*.conf", "/run"])
    return rng.choice(["", "", "!", "|", "|!"]) + value


def relative(rng, ctx):
    return " ".join(rng.choice(["%N", "foo", "foo/bar", "x-%i", "a.b", "deep/er/%p"])
                    for _ in range(rng.randint(1, 2)))


def bind(rng, ctx):
    return rng.choice(["-", ""]) + rng.choice(["/a:/b", "/c", "/d:/e:norbind", "/f:/g:rbind",
                                               "/srv/%n:/x"])


def exit_set(rng, ctx):
    return words(["1", "42", "SIGKILL", "TEMPFAIL", "250", "HUP", "DATAERR"])(rng, ctx)


def mounts_for(rng, ctx):
    return " ".join(rng.choice(["/srv/x", "/mnt/a/b", "/mnt/a", "/mnt", "/var/%N", "'/mnt/b c'"])
                    for _ in range(rng.randint(1, 2)))


UNIT_KEYS = [
    ("Description", choice(["plain", "with %n %i %p", "a \\\n  b", "  spaces  ", "é", "100%%"])),
    ("Documentation", words(["man:foo(1)", "https://example.org/%n", "file:/x", "info:y"])),
    ("Wants", names()), ("Requires", names(2)), ("Requisite", names(1)), ("BindsTo", names(1)),
    ("PartOf", names(1)), ("Upholds", names(1)), ("Conflicts", names(1)), ("Before", names(2)),
    ("After", names(2)), ("OnFailure", names(1)), ("OnSuccess", names(1)),
    ("PropagatesReloadTo", names(1)), ("ReloadPropagatedFrom", names(1)),
    ("PropagatesStopTo", names(1)), ("StopPropagatedFrom", names(1)),
    ("JoinsNamespaceOf", names(1)), ("RequiresMountsFor", mounts_for),
    ("JobTimeoutSec", choice(SPANS)), ("OnFailureJobMode", choice(["fail", "replace", "isolate",
                                                                   "ignore-dependencies"])),
    ("StopWhenUnneeded", choice(BOOLS)), ("RefuseManualStart", choice(BOOLS)),
    ("RefuseManualStop", choice(BOOLS)), ("IgnoreOnIsolate", choice(BOOLS)),
    ("FailureAction", choice(["none", "reboot", "exit-force", "poweroff-immediate"])),
    ("SuccessAction", choice(["none", "poweroff", "exit", "reboot-force"])),
    ("SourcePath", choice(["/etc/passwd", "/etc/x"])),
]
KILL_KEYS = [
    ("KillMode", choice(["control-group", "process", "mixed", "none"])),
    ("KillSignal", choice(SIGNALS)), ("RestartKillSignal", choice(SIGNALS)),
    ("FinalKillSignal", choice(SIGNALS)), ("SendSIGKILL", choice(BOOLS)),
    ("SendSIGHUP", choice(BOOLS)),
]
EXEC_KEYS = [
    ("Environment", environment), ("PassEnvironment", words(["LANG", "PATH", "TERM"])),
    ("UnsetEnvironment", words(["A", "B=two", "LANG"])),
    ("EnvironmentFile", choice(["/etc/default/%p", "-/etc/foo", "-/etc/x y"])),
    ("WorkingDirectory", choice(["/srv", "/mnt/a/x", "-/srv/x", "~", "/srv/%n", "/tmp/"])),
    ("RootDirectory", choice(["/srv/root", "/mnt/r", "/", "/srv//r/"])),
    ("User", choice(USERS[:-1])), ("Group", choice(GROUPS)),
    ("SupplementaryGroups", words(GROUPS[:-1], 2)),
    ("UMask", choice(["0022", "077", "0", "0777"])),
    ("Nice", number(-20, 19)), ("OOMScoreAdjust", number(-1000, 1000)),
    ("IgnoreSIGPIPE", choice(BOOLS)), ("TimerSlackNSec", choice(["50000", "1ms", "5us", "1s"])),
    ("LimitNOFILE", choice(["1024", "10:20", "infinity", "5:infinity"])),
    ("LimitCORE", choice(["0", "infinity", "1M", "1M:2G"])),
    ("LimitCPU", choice(["10", "1min", "5s:10s", "infinity"])),
    ("LimitNICE", choice(["5", "+3", "-4", "1:10"])),
    ("LimitNPROC", choice(["100", "7:8"])), ("LimitMEMLOCK", choice(["64M", "0", "1:2"])),
    ("CapabilityBoundingSet", choice(CAPS)), ("AmbientCapabilities", choice(CAPS[:5])),
    ("ReadWritePaths", words(PATHS, 2)), ("ReadOnlyPaths", words(PATHS, 2)),
    ("InaccessiblePaths", words(PATHS, 2)), ("ExecPaths", words(PATHS, 1)),
    ("NoExecPaths", words(PATHS, 1)), ("BindPaths", bind), ("BindReadOnlyPaths", bind),
    ("TemporaryFileSystem", choice(["/x", "/x:ro", "/y:size=1M,mode=0700", "/var:ro /z"])),
    ("StateDirectory", relative), ("CacheDirectory", relative), ("LogsDirectory", relative),
    ("RuntimeDirectory", relative), ("ConfigurationDirectory", relative),
    ("StateDirectoryMode", choice(MODES)), ("RuntimeDirectoryMode", choice(MODES)),
    ("SyslogIdentifier", choice(["me", "%n", "two words"])),
    ("ProtectSystem", choice(["yes", "no", "full", "strict"])),
    ("ProtectHome", choice(["yes", "no", "read-only", "tmpfs"])),
    ("ProtectProc", choice(["default", "noaccess", "invisible", "ptraceable"])),
    ("ProcSubset", choice(["all", "pid"])),
    ("KeyringMode", choice(["inherit", "private", "shared"])),
    ("CPUAffinity", choice(["0", "0-1", "0 1", "1,0", "0 2-3"])),
    ("RestrictNamespaces", choice(["yes", "no", "net mnt", "~user", "pid uts", "~ipc cgroup"])),
    ("DynamicUser", choice(BOOLS)),
] + [(key, choice(BOOLS)) for key in (
    "PrivateTmp", "PrivateDevices", "PrivateNetwork", "ProtectKernelTunables",
    "ProtectKernelModules", "ProtectKernelLogs", "ProtectClock", "ProtectControlGroups",
    "ProtectHostname", "RestrictRealtime", "RestrictSUIDSGID", "MemoryDenyWriteExecute",
    "LockPersonality", "NonBlocking")]
CGROUP_KEYS = [
    ("MemoryMax", choice(SIZES)), ("MemoryHigh", choice(SIZES)), ("MemoryLow", choice(SIZES)),
    ("MemoryMin", choice(SIZES)), ("MemorySwapMax", choice(SIZES)),
    ("TasksMax", choice(["10", "infinity", "20%", "4096"])),
    ("CPUQuota", choice(["20%", "150%", "12.5%", ""])), ("CPUWeight", number(1, 10000)),
    ("IOWeight", number(1, 10000)), ("Slice", choice(["x.slice", "x-y.slice", "system.slice"])),
    ("DevicePolicy", choice(["auto", "closed", "strict"])),
    ("DeviceAllow", choice(["/dev/null rw", "char-pts r", "/dev/zero", "block-* m"])),
]
SERVICE_KEYS = [
    ("Type", choice(["simple", "exec", "forking", "oneshot", "notify", "idle"])),
    ("Restart", choice(["no", "always", "on-success", "on-failure", "on-abnormal", "on-abort",
                        "on-watchdog"])),
    ("RestartSec", choice(SPANS)), ("TimeoutStartSec", choice(SPANS)),
    ("TimeoutStopSec", choice(SPANS)), ("TimeoutSec", choice(SPANS)),
    ("TimeoutAbortSec", choice([s for s in SPANS if s != "0"])), ("RuntimeMaxSec", choice(SPANS)),
    ("WatchdogSec", choice(SPANS)), ("RemainAfterExit", choice(BOOLS)),
    ("GuessMainPID", choice(BOOLS)), ("PIDFile", choice(["/run/x.pid", "rel.pid", "/run/%n.pid"])),
    ("BusName", choice(["org.example.%p%i"])),
    ("NotifyAccess", choice(["none", "main", "exec", "all"])),
    ("FileDescriptorStoreMax", number(0, 20)), ("OOMPolicy", choice(["stop", "continue", "kill"])),
    ("RootDirectoryStartOnly", choice(BOOLS)), ("PermissionsStartOnly", choice(BOOLS)),
    ("TimeoutStartFailureMode", choice(["terminate", "abort", "kill"])),
    ("SuccessExitStatus", exit_set), ("RestartPreventExitStatus", exit_set),
    ("ExecStartPre", command), ("ExecStartPost", command), ("ExecStop", command),
    ("ExecReload", command), ("ExecStopPost", command), ("ExecCondition", command),
]
SOCKET_KEYS = [
    ("SocketMode", choice(MODES)), ("DirectoryMode", choice(MODES)), ("Backlog", number(1, 4096)),
    ("Accept", choice(["no", "off"])), ("KeepAlive", choice(BOOLS)), ("NoDelay", choice(BOOLS)),
    ("FreeBind", choice(BOOLS)), ("Transparent", choice(BOOLS)), ("Broadcast", choice(BOOLS)),
    ("PassCredentials", choice(BOOLS)), ("RemoveOnStop", choice(BOOLS)),
    ("FileDescriptorName", choice(["web", "a-b", "x.y"])), ("MaxConnections", number(1, 99)),
    ("MaxConnectionsPerSource", number(0, 9)), ("ReceiveBuffer", choice(["64K", "1M", "4096"])),
    ("SendBuffer", choice(["64K", "1M"])), ("Service", choice(["a.service", "b.service"])),
    ("TimeoutSec", choice(SPANS)), ("FlushPending", choice(BOOLS)),
    ("ExecStartPre", command), ("ExecStopPost", command), ("SocketUser", choice(["root", "daemon"])),
    ("TCPCongestion", choice(["cubic", "reno"])), ("ListenStream", choice(LISTENS)),
    ("ListenDatagram", choice(LISTENS)), ("ListenSequentialPacket", choice(LISTENS[:2])),
    ("ListenFIFO", choice(["/run/fifo", "/run/%n.fifo"])),
]
TIMER_KEYS = [
    ("OnCalendar", choice(CALENDARS)), ("OnBootSec", choice(SPANS[:4])),
    ("OnStartupSec", choice(SPANS[:4])), ("OnActiveSec", choice(SPANS[:4])),
    ("OnUnitActiveSec", choice(SPANS[:4])), ("OnUnitInactiveSec", choice(SPANS[:4])),
    ("AccuracySec", choice(["1us", "1h", "5s"])), ("Persistent", choice(BOOLS)),
    ("RemainAfterElapse", choice(BOOLS)), ("OnClockChange", choice(BOOLS)),
    ("OnTimezoneChange", choice(BOOLS)), ("FixedRandomDelay", choice(BOOLS)),
    ("Unit", choice(["a.service", "b.service"])),
]
PATH_KEYS = [
    ("PathExists", choice(["/srv/%n", "/mnt/b", "/run/x//y"])), ("PathChanged", choice(["/etc/x", "/srv/"])),
    ("PathModified", choice(["/etc/y"])), ("PathExistsGlob", choice(["/etc/*.x", "/srv/?"])),
    ("DirectoryNotEmpty", choice(["/var/spool/%p"])), ("MakeDirectory", choice(BOOLS)),
    ("DirectoryMode", choice(MODES)), ("Unit", choice(["a.service", "b.service"])),
    ("TriggerLimitBurst", number(1, 50)), ("TriggerLimitIntervalSec", choice(SPANS[:4])),
]
MOUNT_KEYS = [
    ("Options", choice(["noatime", "ro,nosuid", "size=1M"])), ("Type", choice(["tmpfs", "ext4"])),
    ("SloppyOptions", choice(BOOLS)), ("LazyUnmount", choice(BOOLS)),
    ("ReadWriteOnly", choice(BOOLS)), ("ForceUnmount", choice(BOOLS)),
    ("DirectoryMode", choice(MODES)), ("TimeoutSec", choice(SPANS)),
]

NAMES = ["a.service", "b.service", "c.service", "a.socket", "b.socket", "a.timer", "b.timer",
         "a.path", "b.path", "t.target", "u.target", "x.slice", "x-y.slice", "mnt-a.mount",
         "mnt.mount", "i@.service", "d-e.service"]
INSTANCES = ["i@one.service", "i@two-x.service"]


class Context:
    def __init__(self):
        self.names = [n for n in NAMES if "@." not in n] + INSTANCES + ["gone.service"]
        self.once = None


def lines(rng, ctx, keys, most):
    out = []
    for _ in range(rng.randint(0, most)):
        key, make = rng.choice(keys)
        if key == "Unit" and ctx.once == id(out):
            continue
        ctx.once = id(out) if key == "Unit" else ctx.once
        value = make(rng, ctx)
        if rng.random() < 0.05 and not key.startswith(("Exec", "Type", "DynamicUser")):
            value = ""
        out.append(f"{key}={value}" if rng.random() < 0.9 else f"{key} = {value}  ")
        if rng.random() < 0.05:
            out.append(rng.choice(["# comment", "; comment \\", "", "X-Foo=bar"]))
    return out


def unit_section(rng, ctx):
    out = lines(rng, ctx, UNIT_KEYS, 4)
    if rng.random() < 0.15:
        out.append("DefaultDependencies=no")
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        out.append(rng.choice(["Condition", "Assert"]) + rng.choice(CONDITIONS) + "=" +
                   condition(rng, ctx))
    return out


def body(rng, ctx, name):
    """The lines of the type's own section."""
    kind = name.rsplit(".", 1)[1]
    if kind == "service":
        out = lines(rng, ctx, SERVICE_KEYS, 3) + lines(rng, ctx, EXEC_KEYS, 3) + \
            lines(rng, ctx, CGROUP_KEYS, 1) + lines(rng, ctx, KILL_KEYS, 1)
        return "Service", out + ["ExecStart=" + command(rng, ctx)]
    if kind == "socket":
        out = ["ListenStream=" + rng.choice(LISTENS)] + lines(rng, ctx, SOCKET_KEYS, 3)
        return "Socket", out + lines(rng, ctx, EXEC_KEYS + KILL_KEYS, 1)
    if kind == "timer":
        return "Timer", ["OnCalendar=" + rng.choice(CALENDARS)] + lines(rng, ctx, TIMER_KEYS, 3)
    if kind == "path":
        return "Path", ["PathExists=/srv/%N"] + lines(rng, ctx, PATH_KEYS, 3)
    if kind == "mount":
        where = "/" + name[:-6].replace("-", "/")
        return "Mount", ["What=tmpfs", "Where=" + where] + lines(rng, ctx, MOUNT_KEYS, 3)
    if kind == "slice":
        return "Slice", lines(rng, ctx, CGROUP_KEYS[:9], 2)
    return None, []


def text_of(rng, ctx, name):
    section, own = body(rng, ctx, name)
    text = "[Unit]\n" + "\n".join(unit_section(rng, ctx)) + "\n"
    return text + (f"[{section}]\n" + "\n".join(own) + "\n" if section else "")


def drop_in(rng, ctx, name):
    """A few lines more; lists may be reset."""
    section, _ = body(rng, ctx, name)
    keys = {"service": SERVICE_KEYS + EXEC_KEYS + CGROUP_KEYS, "socket": SOCKET_KEYS,
            "timer": TIMER_KEYS[:-1], "path": PATH_KEYS[:-3], "mount": MOUNT_KEYS,
            "slice": CGROUP_KEYS[:9]}.get(name.rsplit(".", 1)[1], [])
    own = lines(rng, ctx, keys, 2) if keys else []
    if section == "Service" and rng.random() < 0.3:
        own += ["ExecStart=", "ExecStart=" + command(rng, ctx)]
    return "[Unit]\n" + "\n".join(unit_section(rng, ctx)) + "\n" + \
        (f"[{section}]\n" + "\n".join(own) + "\n" if section else "")


def write(top, name, text):
    path = os.path.join(top, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.lexists(path):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def link(top, name, target):
    path = os.path.join(top, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.lexists(path):
        os.symlink(target, path)


def stubs(rng, top):
    for name in STUBS:
        if rng.random() < 0.6 or name in STUBS[:4]:
            write(top, name, "[Unit]\nDescription=stub\nDefaultDependencies=no\n")
    for name in SERVICE_STUBS:
        if rng.random() < 0.5:
            write(top, name, "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\n"
                  "ExecStart=/bin/true\n")
    for name in SOCKET_STUBS:
        if rng.random() < 0.5 or name == "dbus.socket":
            write(top, name, "[Unit]\nDefaultDependencies=no\n[Socket]\n"
                  f"ListenStream=/run/{name}\n")


def generate(rng, top):
    """Fills the directory; all.target pulls everything in."""
    ctx = Context()
    stubs(rng, top)
    for name in NAMES:
        if rng.random() < 0.85 or name == "a.service":
            write(top, name, text_of(rng, ctx, name))
        if rng.random() < 0.2:
            write(top, f"{name}.d/{rng.choice(['10-a', '20-b'])}.conf", drop_in(rng, ctx, name))
    for pattern in ("service.d", "i@.service.d", "d-.service.d", "i@one.service.d", "x.slice.d"):
        if rng.random() < 0.15:
            write(top, f"{pattern}/30-c.conf", drop_in(rng, ctx, "a.service"))
    if rng.random() < 0.3:
        link(top, "alias.service", rng.choice(["real.service", "gone.service"]))
        ctx.names.append("alias.service")
        write(top, "real.service", "[Service]\nExecStart=/bin/true\n")
    if rng.random() < 0.2:
        link(top, "j@.service", "k@.service")
        write(top, "k@.service", "[Service]\nExecStart=/bin/true\n")
        ctx.names.append("k@four.service")
        ctx.names.append("j@three.service")
    if rng.random() < 0.2:
        link(top, "masked.service", "/dev/null")
        ctx.names.append("masked.service")
    for kind in ("wants", "requires"):
        for _ in range(rng.choice([0, 0, 1, 2])):
            target = rng.choice(ctx.names)
            link(top, f"{rng.choice(['t.target', 'a.service', 'i@.service', 'd-.service'])}.{kind}/{target}",
                 f"../{target}")
    write(top, "all.target", "[Unit]\nWants=" + " ".join(ctx.names) + "\n")
    return ctx
