// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"syscall"
	"time"
)

// sandboxRange is kept for benchmarks by RFC 2544; nodes, pods and services of a sandbox lie in it.
var sandboxRange = netip.MustParsePrefix("198.18.0.0/15")

var serviceName = regexp.MustCompile(
	`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.svc(\.cluster\.local)?)?)?$`)

var lookupAgain = time.Second

var errNotAllowed = errors.New("only loopback and 198.18.0.0/15 may be loaded")

func checkHost(host string, inside bool) error {
	if host == "localhost" || isAllowed(host) {
		return nil
	}
	_, err := netip.ParseAddr(host)
	if isName := err != nil; isName && inside && serviceName.MatchString(host) {
		return nil
	}
	if inside {
		return fmt.Errorf("%s is no name of a service and no address of loopback or 198.18.0.0/15", host)
	}
	return fmt.Errorf("%s is no address of loopback or 198.18.0.0/15", host)
}

func isAllowed(host string) bool {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	address = address.Unmap()
	return address.IsLoopback() || sandboxRange.Contains(address)
}

// A name service that has just started, or is being told of a new pod, may need a moment.
const lookups = 5

// checkNames refuses names that lead elsewhere, or nowhere, before anything is sent: a name of two
// parts may be a service's in a cluster and somebody's site outside.
func checkNames(ctx context.Context, hosts []string, lookup func(context.Context, string) ([]string, error)) error {
	for _, host := range hosts {
		if isAllowed(host) {
			continue
		}
		addresses, err := lookup(ctx, host)
		for try := 1; err != nil && try < lookups && ctx.Err() == nil; try++ {
			time.Sleep(lookupAgain)
			addresses, err = lookup(ctx, host)
		}
		if err != nil {
			return fmt.Errorf("%s has no address: %w", host, err)
		}
		for _, address := range addresses {
			if !isAllowed(address) {
				return fmt.Errorf("%s leads to %s, and %w", host, address, errNotAllowed)
			}
		}
	}
	return nil
}

// newDialer asks once more at the last moment, because a name may lead anywhere.
func newDialer() *net.Dialer {
	return &net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return err
			}
			if !isAllowed(host) {
				return fmt.Errorf("%s: %w", host, errNotAllowed)
			}
			return nil
		},
	}
}
