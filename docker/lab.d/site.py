"""The lab's own reading of a cluster spec: which machines to boot, on which network, under which names.

site.py facts FILE                            prints one fact a line: machine, subnet, gateway, infra, vip, host
site.py place FILE OUT [NAMES]                copies a spec into the lab, with other machines if NAMES (lb1,m1,...) are given
site.py pin FILE SHA256                       writes the digest of the lab's catalog into the spec
site.py drop FILE NAME                        takes a machine out of the spec, if it is there
site.py add FILE NAME ROLE [TAKEN...]         adds a machine at the next free address of its role, prints the address

It judges nothing: whether a spec is right is for hactl to say.
"""
import ipaddress
import re
import sys

import yaml

# Where each role's addresses begin in the lab's network, and the names by which --machines knows the role.
DECADES = {"load-balancer": 11, "control-plane": 21, "worker": 31, "database": 41, "spare": 51, "storage": 61}
PREFIXES = {"lb": "load-balancer", "m": "control-plane", "w": "worker", "db": "database", "s": "spare", "nfs": "storage"}


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def network(spec):
    return ipaddress.ip_network(spec["machines"][0]["address"] + "/24", strict=False)


def facts(path):
    spec = load(path)
    net = network(spec)
    print("subnet", net)
    print("gateway", net[1])
    print("infra", net[2])
    for machine in spec["machines"]:
        if ipaddress.ip_address(machine["address"]) not in net:
            sys.exit(f"{machine['name']} ({machine['address']}) is outside {net}: the lab has one network of 256 addresses")
        print("machine", machine["name"], machine["role"], machine["address"])
    for name, address in spec.get("vips", {}).items():
        print("vip-" + name, address)
    print("host", spec.get("joget", {}).get("host", "myapp.com"))


def machine_line(machine):
    return "- {" + ", ".join(f"{key}: {value}" for key, value in machine.items()) + "}\n"


def machine_lines(text):
    """The span of the `machines:` list's lines, written one machine a line."""
    span = re.search(r"^machines:[^\n]*\n((?:[ \t]*(?:- |#)[^\n]*\n)+)", text, re.M)
    if not span:
        sys.exit("write the machines one a line: - {name: w1, role: worker, address: 172.30.0.31}")
    return span.span(1)


def place(path, out, names=None):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if names:
        spec = load(path)
        begin, end = machine_lines(text)
        chosen = []
        for name in names.replace(",", " ").split():
            role = PREFIXES.get(re.sub(r"\d+$", "", name)) or sys.exit(f"{name}: names begin with {', '.join(PREFIXES)}")
            chosen.append({"name": name, "role": role, "address": free(network(spec), role, chosen)})
        text = text[:begin] + "".join(map(machine_line, chosen)) + text[end:]
    with open(out, "w", encoding="utf-8") as file:
        file.write(text)


def pin(path, digest):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(catalogSha256: *[\"']?)[0-9a-f]{64}", r"\g<1>" + digest, text))


def free(net, role, taken):
    used = {machine["address"] for machine in taken}
    first = DECADES.get(role) or sys.exit(f"no role {role}: one of {', '.join(DECADES)}")
    return next(str(net[i]) for i in range(first, 250) if str(net[i]) not in used)


def drop(path, name):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = machine_lines(text)
    kept = [line for line in text[begin:end].splitlines(True) if not re.search(rf"\bname: {re.escape(name)}[,}}]", line)]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:begin] + "".join(kept) + text[end:])


def add(path, name, role, *taken):
    spec = load(path)
    same = [machine for machine in spec["machines"] if machine["name"] == name]
    if same:
        print(same[0]["address"])
        return
    address = free(network(spec), role, spec["machines"] + [{"address": address} for address in taken])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    _, end = machine_lines(text)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:end] + machine_line({"name": name, "role": role, "address": address}) + text[end:])
    print(address)


if __name__ == "__main__":
    {"facts": facts, "place": place, "pin": pin, "drop": drop, "add": add}[sys.argv[1]](*sys.argv[2:])
