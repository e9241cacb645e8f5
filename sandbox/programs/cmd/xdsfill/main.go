// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Xdsfill connects many proxies that do not exist to an istiod of a sandbox, and keeps them
// connected: each asks for its clusters and listeners, and acknowledges whatever it gets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	maxCount      = 20000
	perConnection = 50
	maxMessage    = 64 << 20
	reportEvery   = 5 * time.Second
	retryAfter    = time.Second
)

// sandboxRange is where all of a sandbox lies: nothing else is to be filled with proxies.
var sandboxRange = netip.MustParsePrefix("198.18.0.0/15")

type options struct {
	address    string
	count      int
	namespaces int
	version    string
	inFlight   int
	duration   time.Duration
	sotw       bool
	onlyCDS    bool
}

func (o options) check() error {
	address, err := netip.ParseAddrPort(o.address)
	switch {
	case err != nil:
		return fmt.Errorf("the address %q is not an IP and a port such as 127.0.0.1:15010", o.address)
	case !address.Addr().IsLoopback() && !sandboxRange.Contains(address.Addr()):
		return fmt.Errorf("%s is no address of loopback or 198.18.0.0/15", address.Addr())
	case o.count < 1 || o.count > maxCount:
		return fmt.Errorf("a count of %d is not allowed: 1 up to %d", o.count, maxCount)
	case o.namespaces < 1 || o.inFlight < 1:
		return errors.New("at least one namespace, and one connecting at a time")
	}
	return nil
}

func parseFlags(arguments []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("xdsfill", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.address, "address", "127.0.0.1:15010", "istiod's plaintext port")
	flags.IntVar(&o.count, "count", 100, "how many proxies")
	flags.IntVar(&o.namespaces, "namespaces", 10, "over how many namespaces they are spread")
	flags.StringVar(&o.version, "version", "1.30.4", "the version that they say they are of")
	flags.IntVar(&o.inFlight, "in-flight", 50, "how many connect at a time")
	flags.DurationVar(&o.duration, "duration", 0, "when to end; 0 is when told to")
	flags.BoolVar(&o.sotw, "sotw", false, "state of the world instead of delta")
	flags.BoolVar(&o.onlyCDS, "only-cds", false, "do not ask for listeners")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	return o, o.check()
}

func main() {
	o, err := parseFlags(os.Args[1:], os.Stderr)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "xdsfill: %v\n", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if o.duration > 0 {
		ctx, stop = context.WithTimeout(ctx, o.duration)
		defer stop()
	}
	if err := newFiller(o, os.Stdout).run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "xdsfill: %v\n", err)
		os.Exit(1)
	}
}

// filler counts the proxies that got an answer and whose stream is still open.
type filler struct {
	options
	out       io.Writer
	every     time.Duration
	connected atomic.Int64
	lost      atomic.Int64
	slots     chan struct{}
	lock      sync.Mutex
	lastError error
}

func newFiller(o options, out io.Writer) *filler {
	return &filler{options: o, out: out, every: reportEvery, slots: make(chan struct{}, o.inFlight)}
}

func (f *filler) run(ctx context.Context) error {
	var group sync.WaitGroup
	for first := 0; first < f.count; first += perConnection {
		connection, err := grpc.NewClient(f.address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
		if err != nil {
			return err
		}
		defer func() { _ = connection.Close() }()
		client := discovery.NewAggregatedDiscoveryServiceClient(connection)
		for number := first; number < min(first+perConnection, f.count); number++ {
			group.Go(func() { f.keep(ctx, client, number) })
		}
	}
	f.report(ctx)
	group.Wait()
	return nil
}

// keep connects one proxy, again and again as a real one would.
func (f *filler) keep(ctx context.Context, client discovery.AggregatedDiscoveryServiceClient, number int) {
	for ctx.Err() == nil {
		err := f.connect(ctx, client, number)
		if ctx.Err() != nil {
			return
		}
		f.lock.Lock()
		f.lastError = err
		f.lock.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
}

// connect holds a slot until the first answer, so that istiod is not asked by all at once.
func (f *filler) connect(ctx context.Context, client discovery.AggregatedDiscoveryServiceClient, number int) error {
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	release := sync.OnceFunc(func() { <-f.slots })
	defer release()
	answered := false
	defer func() {
		if answered {
			f.connected.Add(-1)
			f.lost.Add(1)
		}
	}()
	open := openDelta
	if f.sotw {
		open = openSotW
	}
	return open(ctx, client, node(number, f.options), f.types(), func() {
		if !answered {
			answered = true
			f.connected.Add(1)
			release()
		}
	})
}

func (f *filler) types() []string {
	if f.onlyCDS {
		return []string{typeCluster}
	}
	return []string{typeCluster, typeListener}
}

func (f *filler) report(ctx context.Context) {
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			fmt.Fprintln(f.out, f.state())
		}
	}
}

func (f *filler) state() string {
	line := fmt.Sprintf("%d connected", f.connected.Load())
	if lost := f.lost.Load(); lost > 0 {
		line += fmt.Sprintf(", %d lost so far", lost)
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.lastError != nil {
		line += fmt.Sprintf(" (%v)", f.lastError)
		f.lastError = nil
	}
	return line
}
