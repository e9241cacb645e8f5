// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
)

// istiod answers the first request of every type on a stream and remembers who asked for what.
type istiod struct {
	discovery.UnimplementedAggregatedDiscoveryServiceServer
	lock  sync.Mutex
	nodes map[string]bool
	asked map[string]int
	acked map[string]int
	cut   chan struct{}
}

func (i *istiod) note(node, kind, nonce string) bool {
	i.lock.Lock()
	defer i.lock.Unlock()
	if nonce != "" {
		i.acked[kind+" "+nonce]++
		return false
	}
	i.nodes[node], i.asked[kind] = true, i.asked[kind]+1
	return true
}

func (i *istiod) DeltaAggregatedResources(s discovery.AggregatedDiscoveryService_DeltaAggregatedResourcesServer) error {
	return i.serve(func() error {
		request, err := s.Recv()
		if err == nil && i.note(request.GetNode().GetId(), request.GetTypeUrl(), request.GetResponseNonce()) {
			err = s.Send(&discovery.DeltaDiscoveryResponse{TypeUrl: request.GetTypeUrl(), Nonce: "n1"})
		}
		return err
	})
}

func (i *istiod) StreamAggregatedResources(s discovery.AggregatedDiscoveryService_StreamAggregatedResourcesServer) error {
	return i.serve(func() error {
		request, err := s.Recv()
		nonce := request.GetVersionInfo() + request.GetResponseNonce()
		if err == nil && i.note(request.GetNode().GetId(), request.GetTypeUrl(), nonce) {
			err = s.Send(&discovery.DiscoveryResponse{TypeUrl: request.GetTypeUrl(), VersionInfo: "v", Nonce: "n1"})
		}
		return err
	})
}

func (i *istiod) serve(step func() error) error {
	ended := make(chan error, 1)
	go func() {
		for {
			if err := step(); err != nil {
				ended <- err
				return
			}
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-i.cut:
		return nil
	}
}

func startIstiod(t *testing.T) (*istiod, string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fake := &istiod{nodes: map[string]bool{}, asked: map[string]int{}, acked: map[string]int{}, cut: make(chan struct{})}
	server := grpc.NewServer()
	discovery.RegisterAggregatedDiscoveryServiceServer(server, fake)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return fake, listener.Addr().String()
}

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in a minute", what)
		}
	}
}

// output is what a filler has said so far.
type output struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.buffer.Write(text)
}

func (o *output) has(text string) func() bool {
	return func() bool {
		o.lock.Lock()
		defer o.lock.Unlock()
		return strings.Contains(o.buffer.String(), text)
	}
}

func start(t *testing.T, arguments ...string) (*filler, *output, func()) {
	o, err := parseFlags(arguments, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	out := &output{}
	f := newFiller(o, out)
	f.every = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.run(ctx) }()
	return f, out, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestProxiesConnectAskAndAcknowledge(t *testing.T) {
	for name, more := range map[string][]string{"delta": nil, "sotw": {"--sotw"}, "only clusters": {"--only-cds"}} {
		t.Run(name, func(t *testing.T) {
			fake, address := startIstiod(t)
			arguments := append([]string{"--address", address, "--count=120", "--namespaces=3", "--in-flight=7"}, more...)
			f, out, stop := start(t, arguments...)
			waitFor(t, "120 connected", func() bool { return f.connected.Load() == 120 })
			nonce := map[bool]string{true: " vn1", false: " n1"}[name == "sotw"]
			types := f.types()
			waitFor(t, "every answer is acknowledged", func() bool {
				fake.lock.Lock()
				defer fake.lock.Unlock()
				for _, kind := range types {
					if fake.acked[kind+nonce] != 120 {
						return false
					}
				}
				return true
			})
			waitFor(t, "it says so", out.has("120 connected\n"))
			stop()
			if len(fake.nodes) != 120 || !fake.nodes["sidecar~198.19.128.120~pod-119.ns-2~ns-2.svc.cluster.local"] {
				t.Errorf("the nodes are %v", fake.nodes)
			}
			if len(fake.asked) != len(types) {
				t.Errorf("it asked for %v", fake.asked)
			}
		})
	}
}

func TestALostProxyConnectsAgain(t *testing.T) {
	fake, address := startIstiod(t)
	f, out, stop := start(t, "--address", address, "--count=10", "--in-flight=1")
	waitFor(t, "10 connected", func() bool { return f.connected.Load() == 10 })
	fake.cut <- struct{}{}
	// From then on it is not counted, until it is back.
	waitFor(t, "one lost", func() bool { return f.lost.Load() == 1 })
	waitFor(t, "10 connected", func() bool { return f.connected.Load() == 10 })
	waitFor(t, "it says so", out.has("10 connected, 1 lost so far"))
	stop()
}

func TestWhatANodeTells(t *testing.T) {
	found := node(300, options{namespaces: 7, version: "1.31.0"})
	fields := found.GetMetadata().GetFields()
	if fields["ISTIO_VERSION"].GetStringValue() != "1.31.0" || fields["NAMESPACE"].GetStringValue() != "ns-6" ||
		fields["CLUSTER_ID"].GetStringValue() != "Kubernetes" || fields["GENERATOR"] != nil {
		t.Errorf("the metadata is %v", fields)
	}
	if found.GetId() != "sidecar~198.19.129.45~pod-300.ns-6~ns-6.svc.cluster.local" {
		t.Errorf("the id is %s", found.GetId())
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, arguments := range [][]string{
		{"--address=192.0.2.1:15010"}, {"--address=istiod:15010"}, {"--count=0"},
		{"--count=20001"}, {"--namespaces=0"}, {"--in-flight=0"},
	} {
		if _, err := parseFlags(arguments, &bytes.Buffer{}); err == nil {
			t.Errorf("%v is to be refused", arguments)
		}
	}
	if _, err := parseFlags([]string{"--address=198.18.1.2:15010"}, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
