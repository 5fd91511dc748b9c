# Sourced by docker/mirror and read by layout.py from the environment. What the mirror holds.
# shellcheck disable=SC2034 # exported by set -a
set -a
KUBERNETES="1.36.3:3.6.16 1.37.2:3.7.3" # Kubernetes and the etcd that belongs to it
CONTAINERD=2.3.7
RUNC=1.4.3
CNI_PLUGINS=1.9.1
CNI_WITH_FLANNEL=0.9.1 # the last release of the plugins that still contains flannel's
FLANNEL=0.28.10
FLANNEL_CNI_PLUGIN=1.9.1-flannel1
COREDNS=1.14.6
TRAEFIK=3.7.13
PAUSE=3.10.2
BUSYBOX=1.35.0
set +a
