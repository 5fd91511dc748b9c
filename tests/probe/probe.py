#!/usr/bin/env python3
"""A client of the site: a new connection every 50 ms, 500 ms to answer. Prints the longest gap between two good answers.

probe.py KIND SECONDS [--kubeconfig F] [--host H] [--vip A]
KIND: api-read   GET /readyz through the API VIP
      api-write  a ConfigMap changed through the API VIP
      apps       the login page through the apps VIP
A run with fewer than 100 good answers before or after the gap is void: it prints that and exits 3.
"""
import argparse, base64, json, socket, ssl, subprocess, sys, tempfile, threading, time

EVERY, LIMIT, ENOUGH = 0.05, 0.5, 100


def context(kubeconfig):
    plain = ssl.create_default_context()
    plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE
    if kubeconfig:
        user = json.loads(subprocess.check_output(["python3", "-c", "import sys,json,re;t=open(sys.argv[1]).read();"
            "g=lambda k:re.search(k+r':\\s*(\\S+)',t).group(1);"
            "print(json.dumps([g('client-certificate-data'),g('client-key-data')]))", kubeconfig]))
        files = []
        for part in user:
            file = tempfile.NamedTemporaryFile(delete=False)
            file.write(base64.b64decode(part))
            file.close()
            files.append(file.name)
        plain.load_cert_chain(*files)
    return plain


def request(kind, host, n):
    if kind == "api-read":
        return 6443, "GET /readyz HTTP/1.1\r\nHost: kubernetes\r\nConnection: close\r\n\r\n"
    if kind == "api-write":
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}, "data": {"n": str(n)}})
        path = "/api/v1/namespaces/default/configmaps/probe?fieldManager=probe&force=true"
        return 6443, (f"PATCH {path} HTTP/1.1\r\nHost: kubernetes\r\nContent-Type: application/apply-patch+yaml\r\n"
                      f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}")
    return 443, f"GET /jw/web/login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


def ask(vip, port, text, tls, good):
    began = time.time()
    try:
        with socket.create_connection((vip, port), timeout=LIMIT) as raw:
            raw.settimeout(max(0.01, LIMIT - (time.time() - began)))
            with tls.wrap_socket(raw, server_hostname=None) as line:
                line.sendall(text.encode())
                line.settimeout(max(0.01, LIMIT - (time.time() - began)))
                head = line.recv(64)
        if head.split(b" ")[1][:1] == b"2" and time.time() - began <= LIMIT:
            good.append(time.time())
    except (OSError, IndexError):
        pass


def main():
    args = argparse.ArgumentParser()
    args.add_argument("kind", choices=["api-read", "api-write", "apps"])
    args.add_argument("seconds", type=float)
    args.add_argument("--kubeconfig")
    args.add_argument("--host", default="myapp.com")
    args.add_argument("--vip", required=True)
    a = args.parse_args()
    tls, good, threads = context(a.kubeconfig), [], []
    end, n = time.time() + a.seconds, 0
    while time.time() < end:
        began, n = time.time(), n + 1
        port, text = request(a.kind, a.host, n)
        thread = threading.Thread(target=ask, args=(a.vip, port, text, tls, good))
        thread.start()
        threads = [t for t in threads if t.is_alive()] + [thread]
        time.sleep(max(0, EVERY - (time.time() - began)))
    for thread in threads:
        thread.join()
    good.sort()
    gaps = [(b - a_, i) for i, (a_, b) in enumerate(zip(good, good[1:]))]
    if not gaps:
        print("void: no good answer")
        return 3
    gap, at = max(gaps)
    if at + 1 < ENOUGH or len(good) - at - 1 < ENOUGH:
        print(f"void: {at + 1} good answers before the gap of {gap:.2f} s, {len(good) - at - 1} after")
        return 3
    print(f"{gap:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
