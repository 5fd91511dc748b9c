#!/usr/bin/env python3
"""A client of the site: a new connection every 50 ms, 500 ms to answer. Notes when each good answer came.

probe.py watch KIND FILE --vip A [--kubeconfig F] [--host H]   until it is ended; a line in FILE: time, number
probe.py gap FILE FROM TO                                                     the longest gap between good answers in that time
KIND: api-read   GET /readyz through the API VIP
      api-write  a ConfigMap changed through the API VIP
      apps       the login page through the apps VIP
      form       a form that becomes a row of the database, probe-NUMBER, through the apps VIP; the password is read from standard input
A gap with fewer than 100 good answers in the file before or after it is void: `gap` prints that and exits 3.
"""
import argparse, base64, json, re, socket, ssl, sys, tempfile, threading, time, urllib.parse

EVERY, LIMIT, ENOUGH = 0.05, 0.5, 100
FORM = "application/x-www-form-urlencoded"


def context(kubeconfig):
    plain = ssl.create_default_context()
    plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE
    if kubeconfig:
        text, files = open(kubeconfig).read(), []
        for key in ("client-certificate-data", "client-key-data"):
            file = tempfile.NamedTemporaryFile(delete=False)
            file.write(base64.b64decode(re.search(key + r":\s*(\S+)", text).group(1)))
            file.close()
            files.append(file.name)
        plain.load_cert_chain(*files)
    return plain


def http(method, path, host, body="", kind=FORM, cookie=""):
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body else []
    head += [f"Cookie: {cookie}"] if cookie else []
    return "\r\n".join(head) + "\r\n\r\n" + body


def request(kind, host, n, cookie):
    if kind == "api-read":
        return 6443, http("GET", "/readyz", "kubernetes")
    if kind == "api-write":
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}, "data": {"n": str(n)}})
        path = "/api/v1/namespaces/default/configmaps/probe?fieldManager=probe&force=true"
        return 6443, http("PATCH", path, "kubernetes", body, "application/apply-patch+yaml")
    if kind == "form":
        return 443, http("POST", "/jw/web/userview/standin/form", host, f"value=probe-{n}", cookie=cookie)
    return 443, http("GET", "/jw/web/login", host)


def exchange(vip, port, text, tls, most, limit=LIMIT):
    began = time.time()
    left = lambda: max(0.01, limit - (time.time() - began))
    with socket.create_connection((vip, port), timeout=limit) as raw:
        raw.settimeout(left())
        with tls.wrap_socket(raw, server_hostname=None) as line:
            line.sendall(text.encode())
            line.settimeout(left())
            return line.recv(most).decode("latin-1"), time.time() - began


def login(vip, host, password, tls):
    body = urllib.parse.urlencode({"j_username": "admin", "j_password": password})
    answer, _ = exchange(vip, 443, http("POST", "/jw/web/login", host, body), tls, 4096, 10)
    cookies = cookies_of(answer)
    return cookies or sys.exit(f"the login was not taken: {answer[:80]!r}")


def cookies_of(answer):
    set_by = (line.split(":", 1)[1] for line in answer.split("\r\n") if line.lower().startswith("set-cookie:"))
    return "; ".join(cookie.split(";")[0].strip() for cookie in set_by)


def ask(vip, port, text, tls, file, n):
    try:
        answer, took = exchange(vip, port, text, tls, 64)
        if answer.split(" ")[1][:1] == "2" and took <= LIMIT:
            file.write(f"{time.time():.3f} {n}\n")
    except (OSError, IndexError):
        pass


def watch(a):
    # Numbers that no earlier client of the same site has used.
    tls, n = context(a.kubeconfig), int(time.time()) * 100
    cookie = login(a.vip, a.host, sys.stdin.readline().strip(), tls) if a.kind == "form" else ""
    with open(a.file, "w", buffering=1) as file:
        while True:
            began, n = time.time(), n + 1
            port, text = request(a.kind, a.host, n, cookie)
            threading.Thread(target=ask, args=(a.vip, port, text, tls, file, n), daemon=True).start()
            time.sleep(max(0, EVERY - (time.time() - began)))


def gap(a):
    good = sorted(float(line.split()[0]) for line in open(a.file) if line.strip())
    pairs = [(y - x, i) for i, (x, y) in enumerate(zip(good, good[1:])) if y >= a.begin and x <= a.end]
    if not pairs:
        print("void: no good answer")
        return 3
    longest, at = max(pairs)
    if at + 1 < ENOUGH or len(good) - at - 1 < ENOUGH:
        print(f"void: {at + 1} good answers before the gap of {longest:.2f} s, {len(good) - at - 1} after")
        return 3
    print(f"{longest:.2f}")
    return 0


def main():
    args = argparse.ArgumentParser()
    verbs = args.add_subparsers(dest="verb", required=True)
    w = verbs.add_parser("watch")
    w.add_argument("kind", choices=["api-read", "api-write", "apps", "form"])
    w.add_argument("file")
    w.add_argument("--kubeconfig")
    w.add_argument("--host", default="myapp.com")
    w.add_argument("--vip", required=True)
    g = verbs.add_parser("gap")
    g.add_argument("file")
    g.add_argument("begin", type=float)
    g.add_argument("end", type=float)
    a = args.parse_args()
    return watch(a) if a.verb == "watch" else gap(a)


if __name__ == "__main__":
    sys.exit(main())
