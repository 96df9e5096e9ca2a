"""Digests of layers by the rules of tar normalisation (items I54 to I63 of the checklist), one a line, with nothing of ours:
headers, their numbers and their checksums are those of Python's `tarfile`.

Reads JSON: a list of layers or of applications to slice, `{"root", "parents", "above", "uid", "gid", "order", "slices",
"entries"}`, where `above` is to whom the parents belong, the superuser unless said; an entry is `{"path", "kind", "text",
"mode", "uid"}`, and directories need not be said.
"""

import hashlib
import json
import posixpath
import re
import sys
import tarfile

MTIME = 315532801


def header(name, prefix="", link="", kind=b"0", mode=0, uid=0, gid=0, size=0, mtime=0):
    fields = {"name": name, "prefix": prefix, "linkname": link, "type": kind, "mode": mode}
    fields |= {"uid": uid, "gid": gid, "size": size, "mtime": mtime, "uname": "", "gname": ""}
    block = bytearray(tarfile.TarInfo._create_header(fields, tarfile.USTAR_FORMAT, "ascii", "strict"))
    # I59: `tarfile` leaves the numbers of a device empty where there is none, which is so for PAX records alone.
    if kind != b"x":
        block[329:345] = b"0000000\0" * 2
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def ascii_only(text):
    return "".join(c for c in text if c.isascii())


def split(name):
    """The longest directory of at most 155 bytes that leaves a name of at most 100 (I59)."""
    if len(name) <= 100:
        return "", name
    cuts = [at for at, c in enumerate(name) if c == "/" and 0 < at <= 155 and len(name) - at - 1 <= 100]
    return (name[: cuts[-1]], name[cuts[-1] + 1 :]) if cuts and name.isascii() else None


def record(key, value):
    data = f" {key}={value}\n".encode()
    length = len(data)
    while length != len(data) + len(str(length)):
        length = len(data) + len(str(length))
    return str(length).encode() + data


def entry(path, kind, data, link, mode, uid, gid):
    """One entry, preceded by PAX records if the header alone cannot say it (I59)."""
    records = {}
    if not path.isascii() or split(path) is None:
        records["path"] = path
    if not link.isascii() or len(link) > 100:
        records["linkpath"] = link
    records |= {key: number for key, number in [("uid", uid), ("gid", gid)] if number > 0o7777777}
    prefix, name, out = "", path, b""
    if records:
        # With records, a name that would be split has one too.
        if len(path) > 100:
            records["path"] = path
        text = b"".join(record(key, records[key]) for key in sorted(records))
        directory, _, base = path.rpartition("/")
        pax = ascii_only(f"{directory}/PaxHeaders.0/{base}")[:100].rstrip("/")
        out = header(pax, kind=b"x", size=len(text)) + padded(text)
        name = ascii_only(path)
        name = name if len(name) <= 100 else name[:100].rstrip("/")
        link = ascii_only(link)
        link = link if len(link) <= 100 else link[:100].rstrip("/")
    else:
        prefix, name = split(path)
    small = [number if number <= 0o7777777 else 0 for number in (uid, gid)]
    out += header(name, prefix, link, kind, mode, *small, len(data), MTIME)
    return out + padded(data)


def one(layer, path, node):
    """The bytes of a node: modes are those of I55 and I58."""
    uid, gid = node.get("uid", layer["uid"]), layer["gid"]
    kinds = {"directory": (b"5", 0o755), "file": (b"0", 0o644), "program": (b"0", 0o755), "symlink": (b"2", 0o777)}
    kind, mode = kinds[node["kind"]]
    text = node.get("text", "")
    link, data = (text, b"") if node["kind"] == "symlink" else ("", text.encode())
    return entry(path, kind, data, link, node.get("mode") or mode, uid, gid)


def tar(layer, paths):
    """I54 to I57: the root's parents, the root, and what of it is in `paths`."""
    if not paths:
        return bytes(1024)
    nodes = {**directories(layer), **{node["path"]: node for node in layer["entries"]}}
    parents = b"".join(entry(parent, b"5", b"", "", 0o755, *layer.get("above", [0, 0])) for parent in layer["parents"])
    # Siblings by their bytes, each directory followed by what is in it; or whole paths by their bytes.
    key = (lambda path: path.encode().split(b"/")) if layer["order"] == "directories" else (lambda path: path.encode())
    out = b""
    for path in sorted(paths, key=key):
        whole = layer["root"] + ("/" + path if path else "")
        if whole:
            out += one(layer, whole, nodes[path])
    return parents + out + bytes(1024)


def directories(layer):
    names = {""}
    for node in layer["entries"]:
        parts = node["path"].split("/")
        names |= {"/".join(parts[:count]) for count in range(1, len(parts))}
    return {name: {"kind": "directory"} for name in names}


def pattern(text):
    """A pattern of Go as a regular expression (I61, I65)."""
    classes = {"*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\[[^\]]*\]|.", posixpath.normpath(text))
    return re.compile("".join(p if p[0] == "[" else classes.get(p, re.escape(p)) for p in parts), re.S)


def sliced(layer):
    """I60 to I62: the paths of each layer."""
    left = set(directories(layer)) | {node["path"] for node in layer["entries"]}
    all_paths = left - {""}
    for patterns in layer["slices"]:
        matched = {path for path in all_paths for text in patterns if pattern(text).fullmatch(path)}
        taken = {path for path in left for at in matched if path == at or path.startswith(at + "/")}
        left -= taken
        parents = {path for path in left for at in taken if path == "" or at.startswith(path + "/")}
        for parent in sorted(parents, key=lambda path: (-path.count("/"), path == "")):
            below = {path for path in left if path != parent and (parent == "" or path.startswith(parent + "/"))}
            if not below:
                left.discard(parent)
        yield taken | parents
    yield left


for layer in json.load(sys.stdin):
    for paths in sliced(layer):
        print("sha256:" + hashlib.sha256(tar(layer, paths)).hexdigest())
