// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Portforward is as much of a kubelet as an API server needs to forward a port of a pod that is a
// process on this machine. The streaming is the kubelet's own code.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubelet/pkg/cri/streaming/portforward"
)

const (
	idleTimeout     = 4 * time.Hour
	creationTimeout = 30 * time.Second
)

// ports leads a port that a pod listens on to the one of loopback that its process has.
type ports map[int32]int32

func (p ports) String() string { return "" }

func (p ports) Set(text string) error {
	pod, process, found := strings.Cut(text, "=")
	from, err := strconv.ParseInt(pod, 10, 32)
	to, otherErr := strconv.ParseInt(process, 10, 32)
	if !found || err != nil || otherErr != nil {
		return fmt.Errorf("%q is not two ports such as 15014=40001", text)
	}
	p[int32(from)] = int32(to)
	return nil
}

// PortForward connects the stream to the process, as a container runtime does.
func (p ports) PortForward(
	ctx context.Context, _ string, _ types.UID, port int32, stream io.ReadWriteCloser,
) error {
	defer func() { _ = stream.Close() }()
	target, known := p[port]
	if !known {
		return fmt.Errorf("nothing listens on port %d", port)
	}
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", target))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(connection, stream)
		sent <- err
	}()
	received := make(chan error, 1)
	go func() {
		_, err := io.Copy(stream, connection)
		received <- err
	}()
	select {
	case err = <-received:
	case err = <-sent:
		// What was asked for may still be on its way back.
		if err == nil {
			err = <-received
		}
	}
	return err
}

func (p ports) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(writer, request, p, request.PathValue("pod"), "", options,
		idleTimeout, creationTimeout, portforward.SupportedProtocols)
}

func main() {
	forwarded := ports{}
	listen := flag.String("listen", "127.0.0.1:10250", "where the API server connects")
	authority := flag.String("authority", "", "the certificate that the API server's is signed by")
	certificate := flag.String("certificate", "", "our own")
	key := flag.String("key", "", "its key")
	flag.Var(forwarded, "port", "PORT_OF_POD=PORT_OF_PROCESS; may be given again")
	flag.Parse()
	if err := serve(*listen, *authority, *certificate, *key, forwarded); err != nil {
		log.Fatal(err)
	}
}

func serve(listen, authority, certificate, key string, forwarded ports) error {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return errors.New("the authority is no certificate")
	}
	mux := http.NewServeMux()
	mux.Handle("/portForward/{namespace}/{pod}", forwarded)
	mux.Handle("/portForward/{namespace}/{pod}/{uid}", forwarded)
	server := &http.Server{
		Addr:              listen,
		Handler:           mux,
		ReadHeaderTimeout: creationTimeout,
		TLSConfig: &tls.Config{
			ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs:  pool,
			MinVersion: tls.VersionTLS12,
			// A connection is upgraded, which HTTP/2 does not know.
			NextProtos: []string{"http/1.1"},
		},
	}
	return server.ListenAndServeTLS(certificate, key)
}
