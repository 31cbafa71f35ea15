# SPDX-License-Identifier: MIT
"""The dump of `systemd --test` and that of peer_units as the same records, and their
differences."""
import os
import re

# Units that systemd has without a file, or makes of the machine's own state.
BUILT_IN = {"-.slice", "system.slice", "init.scope", "-.mount", "user.slice"}
RELATIONS = {"Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts",
             "Before", "After", "OnFailure", "OnSuccess", "Triggers", "PropagatesReloadTo",
             "PropagatesStopTo", "JoinsNamespaceOf", "InSlice"}
INVERSE = {"ReloadPropagatedFrom": "PropagatesReloadTo", "StopPropagatedFrom": "PropagatesStopTo"}
SPAN_KEYS = {"RestartSec", "TimeoutStartSec", "TimeoutStopSec", "TimeoutAbortSec", "RuntimeMaxSec",
             "WatchdogSec", "Job Timeout", "Accuracy", "TriggerLimitIntervalSec", "OnBootSec",
             "OnStartupSec", "OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec", "TimeoutSec"}
LIST_KEYS = {"PassEnvironment", "UnsetEnvironment", "SupplementaryGroups", "ReadWritePaths",
             "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths",
             "SystemCallArchitectures"}
# Compared as sets of words or lines.
MULTI_KEYS = LIST_KEYS | {"Documentation", "Environment", "EnvironmentFile", "Listen", "Symlinks",
                          "StateDirectory", "CacheDirectory", "LogsDirectory", "RuntimeDirectory",
                          "ConfigurationDirectory", "DeviceAllow", "BindPaths",
                          "BindReadOnlyPaths", "TemporaryFileSystem", "CapabilityBoundingSet",
                          "AmbientCapabilities", "Alias", "OnCalendar", "PathExists",
                          "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty",
                          "RequiresMountsFor", "OnBootSec", "OnStartupSec", "OnActiveSec",
                          "OnUnitActiveSec", "OnUnitInactiveSec"}
COMMANDS = {"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop",
            "ExecStopPost"}
UNITS_US = {"y": 31557600000000, "month": 2629800000000, "w": 604800000000, "d": 86400000000,
            "h": 3600000000, "min": 60000000, "s": 1000000, "ms": 1000, "us": 1}
LISTEN = {"ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO",
          "ListenSpecial"}
NAMESPACES = {"cgroup": 0x02000000, "ipc": 0x08000000, "net": 0x40000000, "mnt": 0x00020000,
              "pid": 0x20000000, "user": 0x10000000, "uts": 0x04000000}


ALL_CAPS = ("CAP_" + " CAP_".join((
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO "
    "SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME "
    "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG "
    "WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE").split())).split()


class Unit:
    def __init__(self):
        self.values = {}
        self.edges = set()
        self.commands = {}
        self.conditions = []

    def add(self, key, value):
        self.values.setdefault(key, []).append(value)


def span(text):
    """Microseconds of a span that systemd prints."""
    if text in ("infinity", "0", "n/a"):
        return text
    total = 0
    for word in text.split():
        m = re.fullmatch(r"([0-9.]+)([a-z]+)", word)
        total += round(float(m.group(1)) * UNITS_US[m.group(2)])
    return str(total)


def unquote(text):
    """The words of a command line as systemd quotes them."""
    out, word, quoted, i = [], None, False, 0
    while i < len(text):
        c = text[i]
        if c == "\\" and i + 1 < len(text):
            i += 1
            e = text[i]
            if e == "x":
                word = (word or "") + chr(int(text[i + 1:i + 3], 16))
                i += 2
            elif e in "01234567":
                word = (word or "") + chr(int(text[i:i + 3], 8))
                i += 2
            else:
                word = (word or "") + {"t": "\t", "n": "\n", "a": "\a", "b": "\b", "f": "\f",
                                       "r": "\r", "v": "\v", "s": " "}.get(e, e)
        elif c == '"':
            quoted, word = not quoted, word or ""
        elif c == " " and not quoted:
            if word is not None:
                out.append(word)
            word = None
        else:
            word = (word or "") + c
        i += 1
    return out + ([word] if word is not None else [])


def edge(name, relation, other):
    if relation == "Before":
        return other, "After", name
    if relation in INVERSE:
        return other, INVERSE[relation], name
    if relation == "JoinsNamespaceOf":
        return tuple(sorted((name, other)))[0], relation, tuple(sorted((name, other)))[1]
    return name, relation, other


def read_systemd(text):
    units, jobs, unit, name, phase, part = {}, set(), None, None, None, None
    for line in text.splitlines():
        if line.startswith("-> By "):
            part = line
        elif part is None or not line.startswith("\t"):
            continue
        elif part.startswith("-> By jobs"):
            m = re.match(r"\t\tAction: (\S+) -> (\S+)", line)
            jobs |= {(m.group(1), m.group(2))} if m else set()
        elif line.startswith("\t-> Unit "):
            name, phase = line[len("\t-> Unit "):].rstrip(":"), None
            unit = units.setdefault(name, Unit())
        elif line.startswith("\t\t-> "):
            phase = line[len("\t\t-> "):].rstrip(":")
        elif line.startswith("\t\t\t"):
            if phase in COMMANDS and line.startswith("\t\t\tCommand Line: "):
                unit.commands.setdefault(phase, []).append(unquote(line[len("\t\t\tCommand Line: "):]))
        elif ": " in line:
            phase = None
            take(units, unit, name, *line[2:].split(": ", 1))
    return units, jobs, "Loaded units and determined initial transaction" in text


def take(units, unit, name, key, value):
    if name.endswith(".slice") and key in ("InSlice", "OnFailure", "OnSuccess"):
        return  # by its name; a slice does not fail
    if key in RELATIONS or key in INVERSE:
        unit.edges.add(edge(name, key, value.split(" (")[0]))
    elif key == "Alias":
        unit.add(key, value)
        units[value] = unit
    elif key.startswith(("Condition", "Assert")) and value.rsplit(" ", 1)[-1] in (
            "untested", "succeeded", "failed", "error"):
        unit.conditions.append((key, value.rsplit(" ", 1)[0]))
    elif key == "RequiresMountsFor":
        unit.add(key, value.rsplit(" (", 1)[0])
    elif key in LISTEN:
        unit.add("Listen", re.sub(r"^\[::\]:(\d+)$", r"\1", value))
    elif key in LIST_KEYS and key not in ("PassEnvironment", "UnsetEnvironment"):
        for word in value.split():
            unit.add(key, word)
    elif key in ("CapabilityBoundingSet", "AmbientCapabilities"):
        unit.add(key, "")
        for word in value.split():
            unit.add(key, word.upper())
    elif key in SPAN_KEYS:
        unit.add(key, span(value))
    elif key.startswith("Limit") and value == str(2 ** 64 - 1):
        unit.add(key, "infinity")
    elif key == "Priority" and value == "-1":
        return
    else:
        unit.add(key, value)


def read_supd(text):
    units = {}
    for line in text.splitlines():
        name, key, value = line.split("\t", 2)
        value = str(int(value) - 2 ** 64) if value.isdigit() and 2 ** 64 > int(value) > 2 ** 63 \
            else value
        value = value.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\")
        unit = units.setdefault(name, Unit())
        if name.endswith(".slice") and key in ("InSlice", "OnFailure", "OnSuccess"):
            continue
        if key in RELATIONS or key in INVERSE:
            unit.edges.add(edge(name, key, value))
        elif key in COMMANDS:
            unit.commands.setdefault(key, []).append(value.split("\x1f"))
        elif key.startswith(("Condition", "Assert")):
            unit.conditions.append((key, value))
        elif key == "Listen":
            unit.add(key, value.split("=", 1)[1])
        else:
            unit.add(key, value)
    for name, unit in list(units.items()):
        for alias in unit.values.get("Alias", []):
            units[alias] = unit
    return units


def cpu_set(text):
    found = set()
    for word in re.split(r"[ ,]+", text.strip()):
        low, _, high = word.partition("-")
        found |= set(range(int(low), int(high or low) + 1)) if word else set()
    return found


def normal(key, values, totals):
    """One comparable value of a key."""
    if key in MULTI_KEYS:
        return sorted(set(values) - {""}) if key not in ("OnCalendar",) else sorted(values)
    value = values[-1]
    if key in ("CPUAffinity", "AllowedCPUs"):
        return cpu_set(value)
    if key in ("KillSignal", "RestartKillSignal", "FinalKillSignal"):
        return value.replace("SIG", "", 1)
    return value


def totals():
    """What percentages refer to."""
    def read(path):
        with open(path, encoding="ascii") as f:
            return int(f.read())
    return {"Memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            "Tasks": min(read("/proc/sys/kernel/pid_max"), read("/proc/sys/kernel/threads-max"))}


def ours_amount(key, value):
    """As systemd prints it: bytes, tasks, or a span of processor time in a second."""
    if value.endswith("/10000"):
        part = int(value[:-len("/10000")])
        if key == "CPUQuotaPerSecSec":
            return str(part * 100)
        total = totals()["Tasks" if key == "TasksMax" else "Memory"]
        return str(total * part // 10000)
    return str(2 ** 64 - 1) if value == "infinity" else value


# What systemd does not print when it is not set, and what supd then has.
UNSET = {"Job Timeout": "infinity", "Failure Action": "none", "Success Action": "none",
         "File Descriptor Store Max": "0", "ProcSubset": "all", "MaxConnectionsPerSource": "0",
         "Priority": "0", "ReceiveBuffer": "0", "SendBuffer": "0", "FlushPending": "no"}
# Ours until the trigger is compiled, and what it means; the kernel's greatest backlog.
SAME = {("TriggerLimitBurst", "4294967295"): "200", ("TriggerLimitIntervalSec", "infinity"): "2000000",
        ("Backlog", "0"): "2147483647"}
# Printed by one side only, or different on purpose.
SKIP = {"ExitType", "Unit Load State", "Slice", "OnFailureJobMode", "LimitNOFILE",
        "IgnoreOnIsolate", "TimeoutSec", "Environment", "Perpetual", "SyslogIdentifier", "Accept", "RequiresMountsFor"}
AMOUNTS = {"MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax", "TasksMax",
           "CPUQuotaPerSecSec", "CPUWeight", "IOWeight"}


def namespaces(text):
    if text in ("yes", "no", "n/a"):
        return 0 if text != "no" else sum(NAMESPACES.values())
    return sum(NAMESPACES[word] for word in text.split())


# Capabilities that other settings take.
TAKEN = {"PrivateDevices": {"CAP_MKNOD", "CAP_SYS_RAWIO"}, "ProtectKernelModules": {"CAP_SYS_MODULE"},
         "ProtectKernelLogs": {"CAP_SYSLOG"}, "ProtectClock": {"CAP_SYS_TIME", "CAP_WAKE_ALARM"}}


def bounding(values, written):
    """supd takes them when it compiles the unit."""
    taken = set().union(*(caps for key, caps in TAKEN.items() if values.get(key) == ["yes"]))
    return set(written or ALL_CAPS) - taken | {""}


def pair(key, theirs, ours, flags):
    """Both values in the form in which they can be compared."""
    if key in AMOUNTS and ours is not None:
        ours = ours_amount(key, ours[-1])
        a = span(theirs[-1]) if key == "CPUQuotaPerSecSec" and theirs else theirs and theirs[-1]
        a = str(2 ** 64 - 1) if a == "infinity" else a
        return a and a.split(" ")[0], ours
    if key == "CapabilityBoundingSet":
        return sorted(set(theirs)), sorted(bounding(flags, ours))
    if key == "RestrictNamespaces":
        a = namespaces(theirs[-1]) if theirs else sum(NAMESPACES.values())
        return a, (int(ours[-1]) if ours[-1] != "infinity" else 2 ** 64 - 1) & \
            sum(NAMESPACES.values())
    a = normal(key, theirs, None) if theirs is not None else None
    b = normal(key, ours, None) if ours is not None else None
    if not isinstance(b, (list, set)):
        b = SAME.get((key, b), b)
    if key in SPAN_KEYS and a and isinstance(b, str) and b.isdigit() and int(b) >= 1000000 and a != b:
        b = str(int(b) // 1000000 * 1000000)  # systemd prints no more
    if a is None and key in UNSET and b == UNSET[key]:
        return b, b
    if a is None and b in ([], "", set()):
        return b, b
    return a, b


def compare_values(name, theirs, ours):
    bad = []
    ours.values.setdefault("CapabilityBoundingSet", [])
    dynamic = ours.values.get("DynamicUser") == ["yes"]
    closed = ours.values.get("PrivateDevices") == ["yes"] or ours.values.get("ProtectClock") == ["yes"]
    for key in sorted(ours.values):
        if key in SKIP or (key == "KeyringMode" and name.endswith(".socket")) or (
                key == "RuntimeMaxSec" and theirs.values.get(key) == ["0"]) or (dynamic and key in ("User", "Group")) or (
                closed and key in ("DevicePolicy", "DeviceAllow")) or (
                key == "CapabilityBoundingSet" and key not in theirs.values):
            continue
        if key not in theirs.values and (key in ("Delegate", "DevicePolicy") or (
                key, ours.values[key][-1]) in (("TimeoutAbortSec",
                ours.values.get("TimeoutStopSec", [""])[-1]),) or
                key.startswith("MaxConnections")):
            continue
        a, b = pair(key, theirs.values.get(key), ours.values[key], ours.values)
        if key in AMOUNTS and key.startswith("Memory") and a and b and abs(int(a) - int(b)) <= 4096:
            continue  # whole pages, or not
        if a != b:
            bad.append(f"{name}: {key}: systemd {a!r}, supd {b!r}")
    for key in sorted((set(theirs.values) - set(ours.values)) & (MULTI_KEYS - SKIP | {
            "PIDFile", "BusName", "User", "Group", "RootDirectory", "What", "Options"})):
        value = normal(key, theirs.values[key], None)
        if (dynamic and key in ("User", "Group")) or (closed and key == "DeviceAllow"):
            continue
        if value not in ([], "", "/", "n/a"):
            bad.append(f"{name}: {key}: systemd {value!r}, supd nothing")
    for phase in sorted(set() if name.endswith((".mount", ".swap")) else set(theirs.commands) | set(ours.commands)):
        a, b = theirs.commands.get(phase), ours.commands.get(phase)
        if a != b:
            bad.append(f"{name}: {phase}: systemd {a!r}, supd {b!r}")
    if sorted(theirs.conditions) != sorted(ours.conditions):
        bad.append(f"{name}: conditions: systemd {theirs.conditions}, supd {ours.conditions}")
    return bad


def compare_edges(theirs, ours, names):
    def inside(units, canonical):
        found = set()
        for n in names:
            for a, relation, b in units[n].edges:
                a, b = canonical.get(a, a), canonical.get(b, b)
                if a in names and b in names and a != b:
                    found.add(edge(a, relation, b))
        return found

    # An alias is its unit.
    canonical = {alias: name for name in ours for alias in ours[name].values.get("Alias", [])
                 if ours[name] is not ours.get(alias) or alias != name}
    canonical = {a: n for a, n in canonical.items() if a != n}
    a, b = inside(theirs, canonical), inside(ours, canonical)
    # Whether PartOf= orders a target depends on what systemd 252 has loaded first.
    a -= {e for e in a - b if e[1] == "After" and (e[0], "PartOf", e[2]) in a}
    bad = [f"{x} {r} {y}: systemd has it, supd not" for x, r, y in sorted(a - b)]
    return bad + [f"{x} {r} {y}: supd has it, systemd not" for x, r, y in sorted(b - a)]


PULLS = {"Requires", "BindsTo", "Requisite"}


def contested(text, theirs, names):
    """Cycles and conflicts: which job systemd drops depends on the order in which it looks."""
    return "ordering cycle" in text or any(
        relation == "Conflicts" and b in names and b not in ("shutdown.target", "umount.target")
        for n in names for a, relation, b in theirs[n].edges)


def has_cycle(why, theirs):
    """The cycle that supd broke is there by systemd's own edges, which 252 sometimes overlooks."""
    line = next((x for x in why.splitlines() if "cycle: " in x), "")
    path = re.findall(r"[^\s]+\.[a-z]+", line.partition("cycle: ")[2])
    edges = {(a, b) for unit in theirs.values() for a, relation, b in unit.edges
             if relation == "After"}
    return len(path) > 2 and path[0] == path[-1] and all(
        (a, b) in edges or (b, a) in edges for a, b in zip(path, path[1:]))


def behind_doomed(theirs):
    """Units that need what cannot be loaded, and all that they pull in: systemd leaves what it had
    planned for them before it found out, supd plans none of it."""
    def loaded(name):
        return name in theirs and theirs[name].values.get("Unit Load State") == ["loaded"]

    doomed, grown = set(), True
    while grown:
        more = {n for n in theirs if n not in doomed and any(
            a == n and relation in PULLS and (b in doomed or not loaded(b))
            for a, relation, b in theirs[n].edges)}
        doomed |= more
        grown = bool(more)
    found, grown = set(doomed), True
    while grown:
        more = {b for n in found if n in theirs for a, relation, b in theirs[n].edges
                if a == n and relation in PULLS | {"Wants", "Upholds"}} - found
        found |= more
        grown = bool(more)
    return found


def compare(text, dump, jobs, why, anchor):
    """Lines that say what differs; values and edges only for the anchor that pulls in all."""
    theirs, their_jobs, planned = read_systemd(text)
    values = anchor == "all.target"
    planned = planned and (anchor, "start") in their_jobs  # 252 can be content with no job at all
    ours = read_supd(dump)
    bad, both = [], set()
    for name in sorted(theirs):
        if name in BUILT_IN or (name not in ours and name.rsplit(".", 1)[1] in (
                "mount", "device", "swap")):
            continue
        state = theirs[name].values.get("Unit Load State", ["?"])[0]
        mine = ours[name].values["Unit Load State"][0] if name in ours else "not-found"
        if state != mine and "merged" not in (state, mine):
            bad.append(f"{name}: load state: systemd {state}, supd {mine}")
        elif state == "loaded" and name in ours:
            both.add(name)
    # A unit that counts as another name's is compared once.
    both = {n for n in both if not any(n in ours[m].values.get("Alias", []) and m != n
                                       for m in ours)}
    if values:
        for name in sorted(both):
            bad += compare_values(name, theirs[name], ours[name])
        bad += compare_edges(theirs, ours, both)
    if bad and values:
        return bad
    if not planned and "unmergeable jobs" in text and contested(text, ours, set(ours)):
        return bad
    if planned and jobs is None and has_cycle(why, theirs):
        return bad
    if planned != (jobs is not None):
        bad.append(f"jobs: systemd {'planned' if planned else 'refused'}, supd "
                   f"{'planned' if jobs is not None else 'refused: ' + why.strip()}")
    elif planned:
        if contested(text, theirs, both) or has_cycle(why, theirs):
            return bad
        a = {j for j in their_jobs if j[0] in ours and j[0] not in BUILT_IN}
        b = {j for j in jobs if j[0] not in BUILT_IN}
        behind = behind_doomed(theirs)
        a, b = ({j for j in x if j[0] not in behind} for x in (a, b))
        bad += [f"job {' '.join(j)}: systemd has it, supd not" for j in sorted(a - b)]
        bad += [f"job {' '.join(j)}: supd has it, systemd not" for j in sorted(b - a)]
    return bad
