// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	typeCluster  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	typeListener = "type.googleapis.com/envoy.config.listener.v3.Listener"
)

// firstAddress begins the part of the sandbox's range in which there are no nodes, pods or
// services: the proxies must not be taken for pods that exist.
var firstAddress = netip.MustParseAddr("198.19.128.0")

// node is how a sidecar of that number names itself to istiod.
func node(number int, o options) *core.Node {
	bytes := firstAddress.As4()
	binary.BigEndian.PutUint32(bytes[:], binary.BigEndian.Uint32(bytes[:])+uint32(number)+1)
	namespace := fmt.Sprintf("ns-%d", number%o.namespaces)
	text := structpb.NewStringValue
	return &core.Node{
		Id: fmt.Sprintf("sidecar~%s~pod-%d.%s~%s.svc.cluster.local",
			netip.AddrFrom4(bytes), number, namespace, namespace),
		Metadata: &structpb.Struct{Fields: map[string]*structpb.Value{
			"ISTIO_VERSION": text(o.version),
			"NAMESPACE":     text(namespace),
			"CLUSTER_ID":    text("Kubernetes"),
			"PROXY_CONFIG":  structpb.NewStructValue(&structpb.Struct{}),
		}},
	}
}

// openDelta holds a delta stream and calls `answered` after each answer it acknowledged.
func openDelta(
	ctx context.Context, client discovery.AggregatedDiscoveryServiceClient,
	node *core.Node, types []string, answered func(),
) error {
	stream, err := client.DeltaAggregatedResources(ctx)
	if err != nil {
		return err
	}
	for _, name := range types {
		if err := stream.Send(&discovery.DeltaDiscoveryRequest{Node: node, TypeUrl: name}); err != nil {
			return err
		}
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		err = stream.Send(&discovery.DeltaDiscoveryRequest{
			TypeUrl: response.GetTypeUrl(), ResponseNonce: response.GetNonce(),
		})
		if err != nil {
			return err
		}
		answered()
	}
}

// openSotW is the same for a stream on which every answer holds all there is.
func openSotW(
	ctx context.Context, client discovery.AggregatedDiscoveryServiceClient,
	node *core.Node, types []string, answered func(),
) error {
	stream, err := client.StreamAggregatedResources(ctx)
	if err != nil {
		return err
	}
	for _, name := range types {
		if err := stream.Send(&discovery.DiscoveryRequest{Node: node, TypeUrl: name}); err != nil {
			return err
		}
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		err = stream.Send(&discovery.DiscoveryRequest{
			TypeUrl: response.GetTypeUrl(), ResponseNonce: response.GetNonce(),
			VersionInfo: response.GetVersionInfo(),
		})
		if err != nil {
			return err
		}
		answered()
	}
}
