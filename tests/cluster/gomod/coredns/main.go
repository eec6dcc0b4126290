// CoreDNS with the plugins that the node's Corefile names and no others: the whole of it is twice as much to compile, most of it clouds'
// clients. https://coredns.io/2017/07/25/compile-time-enabling-or-disabling-plugins/, "Build with external golang source code".
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
)

func init() {
	// In the order of CoreDNS's own plugin.cfg, which is that in which they see a query.
	dnsserver.Directives = []string{"reload", "health", "ready", "errors", "cache", "kubernetes", "forward"}
}

func main() {
	coremain.Run()
}
