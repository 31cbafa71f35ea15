#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of style and structure as tests: lint.py CHECK SOURCE_ROOT BUILD_ROOT [ARG...].

Exit 0 kept, 1 broken (each place on a line), 77 cannot be checked here (with the reason)."""
import json
import os
import re
import shutil
import subprocess
import sys

SOURCE, BUILD, ARGS = sys.argv[2], sys.argv[3], sys.argv[4:]
FILE_LINES, FUNCTION_LINES, PARAMETERS, NESTING = 600, 100, 5, 3
# One table, sorted for bsearch: it grows by a row for each directive, and is not to be taken apart.
TABLES = {"units/settings_table.c"}

# DESIGN: which folder may include which. The longest prefix decides.
LAYERS = {
    "runtime/base": ["runtime/base"],
    "runtime/plan": ["runtime/base", "runtime/plan"],
    "runtime/boot": ["runtime/base", "runtime/boot"],
    "runtime/init": ["runtime/base", "runtime/plan", "runtime/init"],
    "runtime/launch": ["runtime/base", "runtime/plan", "runtime/launch"],
    "runtime/umount": ["runtime/base", "runtime/umount"],
    "units": ["runtime/base", "runtime/plan", "units"],
    "supervisor": ["runtime/base", "runtime/plan", "supervisor"],
    "supervisor/log": ["runtime/base", "runtime/plan", "supervisor/log"],
    "supervisor/ctl": ["runtime/base", "runtime/plan", "supervisor"],
}
FORBIDDEN = {"supervisor": ["supervisor/ctl"]}

# What a program may name as NEEDED; None: static.
LINKS = {
    "supd-boot": None,
    "supd-init": {"libc"},
    "supd-launch": None,
    "supd-nsinit": None,
    "supd-umount": None,
    "supd-load": {"libinih", "libseccomp", "libcap", "libc"},
    "supd": {"libsystemd", "libc"},
    "supd-log": {"libc"},
    "supctl": {"libsystemd", "libc"},
}
# Six parameters: the first two mirror sendmsg(2) and recvmsg(2), the third is one recursive walk.
PARAMETERS_KNOWN = {("runtime/base/fd.c", "fd_send"), ("runtime/base/fd.c", "fd_recv"),
                    ("runtime/plan/tlv.c", "decode_fields")}
# sd_bus_property_get_t and sd_bus_object_find_t, whatever the parameters are called.
SD_BUS = [re.compile(", ".join(types)) for types in (
    [r"sd_bus \*\w+"] + [r"const char \*\w+"] * 3 +
    [r"sd_bus_message \*\w+", r"void \*\w+", r"sd_bus_error \*\w+"],
    [r"sd_bus \*\w+"] + [r"const char \*\w+"] * 2 +
    [r"void \*\w+", r"void \*\*\w+", r"sd_bus_error \*\w+"])]
# Mutable file-scope state: supd-init's one broker.
STATE = {("runtime/init", "broker")}


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def git_files(*endings):
    out = subprocess.run(["git", "-c", "safe.directory=*", "-C", SOURCE, "ls-files"],
                         capture_output=True, text=True)
    if out.returncode == 0 and out.stdout:
        names = out.stdout.splitlines()
    else:  # a source archive
        names = []
        for top, dirs, files in os.walk(SOURCE):
            dirs[:] = [d for d in dirs if d != ".git" and
                       not os.path.exists(os.path.join(top, d, "meson-private"))]
            names += [os.path.relpath(os.path.join(top, f), SOURCE) for f in files]
    return sorted(n for n in names if n.endswith(endings) and
                  os.path.isfile(os.path.join(SOURCE, n)))


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8", errors="replace") as f:
        return f.read()


BLANK = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def plain(text):
    """The text without comments and literals; lines keep their numbers."""
    return BLANK.sub(lambda m: '""' + "\n" * m.group().count("\n") if m.group()[0] == '"'
                     else " " + "\n" * m.group().count("\n"), text)


HEAD = re.compile(r"^(?!static const|struct|enum|union|extern|typedef|#|ENUM_|DEFINE_)"
                  r"[A-Za-z_][^;{}=#]*?\b([a-z_][A-Za-z0-9_]*)\(([^;{}]*?)\)"
                  r"(?:\s*__attribute__\(\([^;{}]*?\)\))?\n\{\n(.*?)^\}", re.S | re.M)
# The result type of a function may begin with struct or enum.
HEAD_TYPED = re.compile(r"^(?:static )?(?:const )?(?:struct|enum) \w+ [*]*([a-z_]\w*)\(([^;{}]*?)\)"
                        r"\n\{\n(.*?)^\}", re.S | re.M)


def functions(text):
    seen = set()
    for pattern in (HEAD, HEAD_TYPED):
        for m in pattern.finditer(text):
            if m.start(3) not in seen:
                seen.add(m.start(3))
                yield (m.group(1), m.group(2), m.group(3), text.count("\n", 0, m.start()) + 1)


def check_format():
    names = git_files(".c", ".h")
    try:
        out = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=1"] + names,
                             cwd=SOURCE, capture_output=True, text=True)
    except FileNotFoundError:
        skip("clang-format is not installed")
    return [l for l in out.stderr.splitlines() if "error:" in l]


def layer_of(name):
    return max((l for l in LAYERS if name.startswith(l + "/")), key=len, default=None)


def check_includes():
    bad = []
    for name in git_files(".c", ".h"):
        layer = layer_of(name)
        if not layer:
            continue
        for n, line in enumerate(read(name).splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m:
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(name), m.group(1)))
            allowed = any(target.startswith(a + "/") for a in LAYERS[layer])
            refused = any(target.startswith(f + "/") for f in FORBIDDEN.get(layer, []))
            if not allowed or refused:
                bad.append(f"{name}:{n}: {layer} may not include {target}")
    return bad


def depth_of(body):
    """Blocks within blocks; initialisers and statement expressions do not count."""
    depth = deepest = 0
    kinds = []
    for m in re.finditer(r"(=|\]|\(|,|\{|\w\))?\s*([{}])", body):
        if m.group(2) == "{":
            before = body[:m.start(2)].rstrip()
            block = before.endswith((")", "else", "do", ";", "}", ":", "")) and \
                not re.search(r"(=|,|\(|\{|\(struct \w+( \w+)*\)|\w\[[^\]]*\]\))$", before) and \
                not re.search(r"\((const )?(struct|union) [^()]*\)$", before)
            kinds.append(block)
            depth += block
            deepest = max(deepest, depth)
        elif kinds:
            depth -= kinds.pop()
    return deepest


def count_parameters(parameters):
    """How many are named. The signatures that sd-bus dictates count as none."""
    flat = " ".join(re.sub(r"\([^()]*\)", "", parameters).split())
    if any(pattern.fullmatch(flat) for pattern in SD_BUS):
        return 0
    return sum(p.strip() != "..." for p in flat.split(","))


def check_size():
    bad = []
    for name in git_files(".c", ".h"):
        raw = read(name)
        text = plain(raw)
        lines = raw.count("\n")
        if lines > FILE_LINES and name not in TABLES:
            bad.append(f"{name}: {lines} lines, at most {FILE_LINES}")
        for function, parameters, body, line in functions(text):
            where = f"{name}:{line}: {function}()"
            length = body.count("\n") + 2
            if length > FUNCTION_LINES:
                bad.append(f"{where} has {length} lines, at most {FUNCTION_LINES}")
            n = count_parameters(parameters)
            if n > PARAMETERS and (name, function) not in PARAMETERS_KNOWN:
                bad.append(f"{where} has {n} parameters, at most {PARAMETERS}")
            if depth_of(body) > NESTING:
                bad.append(f"{where} nests {depth_of(body)} levels, at most {NESTING}")
            if re.search(r"^\s*#\s*(if|ifdef|ifndef|else|elif)\b", body, re.M):
                bad.append(f"{where} has a preprocessor condition in its body")
    return bad


def check_headers():
    bad = []
    for name in git_files(".h"):
        # cc on the header itself: a guard or #pragma once in the main file is no warning here
        out = subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Werror", "-fsyntax-only",
                              "-x", "c", "-"], input=f'#include "{SOURCE}/{name}"\n',
                             capture_output=True, text=True)
        if out.returncode:
            first = [l for l in out.stderr.splitlines() if "error:" in l]
            bad.append(f"{name}: not self-contained: {first[0] if first else out.stderr}")
    return bad


def check_text():
    bad = []
    unfinished = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    for name in git_files(".c", ".h", ".py", ".sh", ".build"):
        text = read(name)
        if name.endswith((".c", ".h", ".py", ".sh")) and \
                "SPDX-License-Identifier: MIT" not in "\n".join(text.split("\n", 3)[:3]):
            bad.append(f"{name}:1: no SPDX line")
        for n, line in enumerate(text.splitlines(), 1):
            if unfinished.search(line):
                bad.append(f"{name}:{n}: unfinished: {line.strip()}")
    return bad


def check_links():
    program = ARGS[0]
    path = os.path.join(BUILD, program)
    if not os.path.exists(path):
        skip(f"{program} is not built")
    if ARGS[1:] == ["sanitized"]:
        skip("a sanitized build links the sanitizers")
    out = subprocess.run(["readelf", "-dl", path], capture_output=True, text=True, check=True).stdout
    needed = {re.sub(r"\.so.*", "", n) for n in re.findall(r"\(NEEDED\).*\[(.*)\]", out)}
    needed -= {"ld-linux-x86-64", "ld-linux-aarch64"}
    if LINKS[program] is None:
        bad = [f"{program}: not static: needs {n}" for n in sorted(needed)]
        if "INTERP" in out:
            bad.append(f"{program}: not static: asks for an interpreter")
        return bad
    return [f"{program}: links {n}" for n in sorted(needed - LINKS[program])]


def check_unused():
    """Functions that a header declares and nobody but their own file and tests uses."""
    sources = {n: plain(read(n)) for n in git_files(".c", ".h")}
    words = {n: set(re.findall(r"\w+", t)) for n, t in sources.items()}
    bad = []
    for header in (n for n in sources if n.endswith(".h") and layer_of(n)):
        for m in re.finditer(r"^(?!static|#|\s|typedef|DEFINE_|ENUM_)[A-Za-z_][^;{}=#()]*?\b"
                             r"([a-z_]\w*)\([^;{}]*\)[^;{}]*;", sources[header], re.M):
            name = m.group(1)
            own = header[:-2] + ".c"
            users = [n for n in sources if n not in (header, own) and
                     (name in words[n] or name + "_auto" in words[n])]
            users += re.findall(r"\b" + name + r"\b", sources[header])[1:]  # inline
            if not users:
                line = sources[header].count("\n", 0, m.start()) + 1
                bad.append(f"{header}:{line}: {name}() is used nowhere")
    return bad


def check_state():
    bad, seen = [], 0
    for top, _, files in os.walk(BUILD):
        for f in files:
            path = os.path.relpath(os.path.join(top, f), BUILD)
            if not f.endswith(".o") or "/tests/" in "/" + path or path.startswith("meson-"):
                continue
            # "supervisor/log/liblog.a.p/x.c.o" or "supd-init.p/runtime_init_x.c.o"
            where = path if "/" in os.path.dirname(path) else f.replace("_", "/", 2)
            if not layer_of(where):
                continue
            seen += 1
            out = subprocess.run(["nm", "--defined-only", os.path.join(top, f)],
                                 capture_output=True, text=True).stdout
            for line in out.splitlines():
                kind, name = line.split()[-2:]
                if kind not in "dDbBC" or name.startswith((".", "__")):
                    continue
                # constant tables with addresses are .data.rel.ro, which nm calls d as well
                bad.append((path, name, os.path.join(top, f)))
    if not seen:
        skip("no objects in the build directory")
    return [f"{p}: mutable file-scope state: {n}" for p, n, full in bad
            if not is_constant(full, n) and
            not any(p.startswith(a) or a.replace("/", "_") in p for a, b in STATE if b == n)]


def is_constant(path, symbol):
    sections = subprocess.run(["objdump", "-t", path], capture_output=True, text=True).stdout
    return any(l.split()[-1:] == [symbol] and ".data.rel.ro" in l for l in sections.splitlines())


def check_denied():
    """Every setting that confines has a row in the table of enforcement, and no row is of none."""
    table = read("units/settings_table.c")
    known = dict(re.findall(r'\{ "(\w+)", ([^"]*?)"', table))
    confining = {n for n, row in known.items() if "CONFINES" in row}
    rows = read("tests/system/denied_rows.h")
    bad, tried = [], set()
    for part in re.split(r"^static const struct ", rows, flags=re.M)[1:]:
        for m in re.finditer(r'^\t\{ "(\w+)",\s*"((?:[^"\\]|\\.)*)"', part, re.M):
            name, second = m.group(1), m.group(2)
            tried.add(name)
            if name not in known:
                bad.append(f"tests/system/denied_rows.h: {name}: no such setting")
            elif part.startswith("denied_elsewhere"):
                if not re.search(rf"(\b|\\n){name}\b", read(second)):
                    bad.append(f"tests/system/denied_rows.h: {name} is not in {second}")
            elif not re.search(rf"(^|\\n){name}=", second):
                bad.append(f"tests/system/denied_rows.h: {name}: not among its lines")
    return bad + [f"units/settings_table.c: {n}= confines and has no row in "
                  "tests/system/denied_rows.h" for n in sorted(confining - tried)]


def manual_words(path):
    """The heads of the paragraphs of a page: what stands in bold behind .TP."""
    with open(os.path.join(BUILD, path)) as f:
        page = f.read().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    heads = re.findall(r"^\.TP\n(?:\.BR )?(.*)", page, re.M)
    return {w for head in heads for w in re.findall(r"[^\s,=\\]+", head)}


def check_manual():
    """Every verb, option, directive and key of supd.conf is in its page, and pages are valid."""
    ctl = subprocess.run([os.path.join(BUILD, "supctl"), "_words"], capture_output=True,
                         text=True, check=True).stdout
    verbs = re.findall(r"^verb (\S+)", ctl, re.M)
    options = re.findall(r"^option (\S+)", ctl, re.M)
    directives = re.findall(r'^\t\{ "(\w+)",', read("units/settings_table.c"), re.M)
    keys = re.findall(r'^\t\{ "([A-Z]\w+)", (?:NULL|"(--[\w-]+)"),', read("units/conf.c"), re.M)
    pages = {
        "supctl.1": verbs + options,
        "supd.unit.5": directives,
        "supd.conf.5": [key for key, _ in keys],
        "supd-init.8": ["--config", "--help"] + [option for _, option in keys if option],
    }
    bad = []
    for page, words in pages.items():
        missing = sorted(set(words) - manual_words(page))
        bad += [f"{page}: {word} is missing" for word in missing]
        bad += [] if len(words) > 2 else [f"{page}: nothing to look for"]
        if shutil.which("groff"):
            out = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z", page], cwd=BUILD,
                                 capture_output=True, text=True)
            bad += [f"{page}: {line}" for line in out.stderr.splitlines()]
    # The rows of the table are all shown: an option that no verb heeds would be in no help.
    heeded = set(re.findall(r"^for \S+ (--\S+)", ctl, re.M))
    bad += [f"option {o}: no verb heeds it" for o in options if o[1] == "-" and o not in heeded]
    known = set(re.findall(r'"([a-z][\w-]*)"', read("supervisor/ctl/verbs.c")))
    for names in re.findall(r"^for (\S+)", ctl, re.M):
        bad += [] if names in known else [f"{names}: no such verb"]
    table = read("supervisor/ctl/options.c")
    lists = re.findall(r'"((?:[a-z-]+ )*[a-z-]+)",\s+"[^"]', table)
    for word in {w for names in lists for w in names.split()}:
        bad += [] if word in verbs else [f"supervisor/ctl/options.c: {word} is no verb"]
    return bad


def main():
    bad = {
        "format": check_format, "includes": check_includes, "size": check_size,
        "headers": check_headers, "text": check_text, "links": check_links,
        "unused": check_unused, "state": check_state,
        "denied": check_denied, "manual": check_manual,
    }[sys.argv[1]]()
    print("\n".join(bad) if bad else f"{sys.argv[1]}: kept")
    sys.exit(1 if bad else 0)


main()
