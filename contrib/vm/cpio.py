# SPDX-License-Identifier: MIT
"""Writes an initramfs (cpio, "newc"), so that no cpio program is needed."""
import os
import stat


class Archive:
    def __init__(self, path):
        self.file = open(path, "wb")
        self.inode = 0
        self.known = set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0), owner=(0, 0)):
        self.inode += 1
        encoded = os.fsencode(name) + b"\0"
        fields = [self.inode, mode, *owner, 1, 0, len(data), 0, 0, *rdev, len(encoded), 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + encoded
        self.file.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def directory(self, name, mode=0o755, owner=(0, 0)):
        name = name.strip("/")
        if not name or name in self.known:
            return
        self.directory(os.path.dirname(name))
        self.known.add(name)
        self._entry(name, stat.S_IFDIR | mode, owner=owner)

    def data(self, name, data, mode=0o644, owner=(0, 0)):
        name = name.strip("/")
        self.directory(os.path.dirname(name))
        if isinstance(data, str):
            data = data.encode()
        self._entry(name, stat.S_IFREG | mode, data, owner=owner)

    def link(self, name, target, owner=(0, 0)):
        name = name.strip("/")
        self.directory(os.path.dirname(name))
        self._entry(name, stat.S_IFLNK | 0o777, os.fsencode(target), owner=owner)

    def device(self, name, major, minor, mode=0o600):
        name = name.strip("/")
        self.directory(os.path.dirname(name))
        self._entry(name, stat.S_IFCHR | mode, rdev=(major, minor))

    def path(self, source, name):
        """A file, link or whole directory of this machine, with its owners."""
        st = os.lstat(source)
        owner = (st.st_uid, st.st_gid)
        if stat.S_ISLNK(st.st_mode):
            self.link(name, os.readlink(source), owner)
        elif stat.S_ISDIR(st.st_mode):
            self.directory(name, stat.S_IMODE(st.st_mode), owner)
            for entry in sorted(os.listdir(source)):
                self.path(os.path.join(source, entry), name.rstrip("/") + "/" + entry)
        elif stat.S_ISREG(st.st_mode):
            with open(source, "rb") as f:
                self.data(name, f.read(), stat.S_IMODE(st.st_mode), owner)

    def close(self):
        self.inode = 0
        self._entry("TRAILER!!!", 0)
        self.file.close()


def module_files(root, version, names):
    """Paths of the modules with what they need, in the order to load them; built-ins are none."""
    base = os.path.join(root, "lib/modules", version)
    needs, paths = {}, {}
    with open(os.path.join(base, "modules.dep"), encoding="ascii") as f:
        for line in f:
            path, _, rest = line.partition(":")
            name = os.path.basename(path).split(".ko")[0].replace("-", "_")
            paths[name] = path
            needs[path] = rest.split()
    with open(os.path.join(base, "modules.builtin"), encoding="ascii") as f:
        builtin = {os.path.basename(l.strip()).split(".ko")[0].replace("-", "_") for l in f}
    order = []
    for name in (n.replace("-", "_") for n in names):
        if name in builtin:
            continue
        if name not in paths:
            raise SystemExit(f"kernel {version} has no module {name}")
        for path in list(reversed(needs[paths[name]])) + [paths[name]]:
            full = f"lib/modules/{version}/{path}"
            if full not in order:
                order.append(full)
    return order
