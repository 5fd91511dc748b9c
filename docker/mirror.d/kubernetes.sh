# Sourced by docker/mirror. Kubernetes as one program that is kubelet, kubeadm, kube-apiserver and so on by the name it is
# called under: one link instead of seven, and a fifth of the size.

kubernetes_build() { # VERSION OUT
  local kit=$BUILD/work/kubernetes-$1
  rm -rf "$kit"
  mkdir -p "$kit"
  kubernetes_module "$1" >"$kit/go.mod"
  kubernetes_main >"$kit/main.go"
  (cd "$kit" && go mod tidy -e >tidy.log 2>&1) || { tail -n 5 "$kit/tidy.log" >&2; return 1; }
  (cd "$kit" && go build -trimpath -ldflags "$(kubernetes_stamp "$1")" -o "$2" .)
}

# The staging modules of a release v1.X.Y are published as v0.X.Y; k8s.io/kubernetes itself points at folders of its own.
kubernetes_module() { # VERSION
  local gomod
  gomod=$(module_field "k8s.io/kubernetes@v$1" GoMod)
  echo "module kubernetes-in-one"
  grep -E '^(go|godebug) ' "$gomod"
  echo "require k8s.io/kubernetes v$1"
  grep -oE 'k8s\.io/[a-z0-9-]+ => \./staging' "$gomod" | sort -u | awk -v v="v0.${1#1.}" '{ print "replace", $1, "=>", $1, v }'
}

kubernetes_stamp() { # VERSION: what `kubelet --version` says
  local package
  printf -- '-s -w'
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- ' -X %s.gitVersion=v%s -X %s.gitMajor=1 -X %s.gitMinor=%s -X %s.gitTreeState=clean -X %s.buildDate=%s' \
      $package "$1" $package $package "$(cut -d. -f2 <<<"$1")" $package $package 2026-01-01T00:00:00Z
  done
}

kubernetes_main() {
  cat <<'GO'
// One program for all of Kubernetes; see docker/mirror.d/kubernetes.sh.
package main

import (
	"context"
	"os"
	"path/filepath"

	_ "time/tzdata"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmutil "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var servers = map[string]func() *cobra.Command{
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              proxy.NewProxyCommand,
}

func main() {
	name := filepath.Base(os.Args[0])
	if server, known := servers[name]; known {
		os.Exit(cli.Run(server()))
	}
	if name == "kubeadm" {
		kubeadmutil.HandleError(kubeadm.Run())
		return
	}
	logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
GO
}
