// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Shop is every part of the sandbox's shop: it answers with what it saw, calls the parts that it
// was told of, holds long connections, and ends in the way it was told to.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// How a server takes the news that it is to end.
const (
	exitAtOnce   = "exit"
	closeFirst   = "close"
	serveOn      = "serve"
	servesOnFor  = 10 * time.Second
	finishWithin = 20 * time.Second
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func main() {
	shop := &Shop{pod: os.Getenv("HOSTNAME")}
	var calls list
	address := flag.String("address", ":8080", "where to serve HTTP")
	raw := flag.String("tcp", ":9000", "where to echo raw TCP; empty for nowhere")
	onSigterm := flag.String("on-sigterm", closeFirst, "exit, close or serve")
	flag.StringVar(&shop.service, "name", "shop", "the name of this part")
	flag.StringVar(&shop.version, "version", "v1", "the version of this part")
	flag.Var(&calls, "call", "a part to call, such as http://reviews:8080; may be repeated")
	flag.Parse()
	shop.calls = calls
	if err := run(shop, *address, *raw, *onSigterm); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(shop *Shop, address, raw, onSigterm string) error {
	if onSigterm != exitAtOnce && onSigterm != closeFirst && onSigterm != serveOn {
		return fmt.Errorf("--on-sigterm is %q, allowed are exit, close and serve", onSigterm)
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, os.Interrupt)
	if raw != "" {
		listener, err := net.Listen("tcp", raw)
		if err != nil {
			return err
		}
		go echo(listener)
	}
	server := newServer(shop, address)
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-told:
		return end(shop, server, onSigterm)
	}
}

// newServer serves HTTP/1.1 and, without encryption, HTTP/2: the sidecar speaks either.
func newServer(shop *Shop, address string) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Addr:              address,
		Handler:           shop.handler(),
		Protocols:         protocols,
		ReadHeaderTimeout: 10 * time.Second,
	}
}

func end(shop *Shop, server *http.Server, onSigterm string) error {
	if onSigterm == exitAtOnce {
		return nil
	}
	shop.ending.Store(true)
	if onSigterm == serveOn {
		time.Sleep(servesOnFor)
	}
	ctx, cancel := context.WithTimeout(context.Background(), finishWithin)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// echo sends back what comes, on each connection for as long as it lasts.
func echo(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			buffer := make([]byte, 4096)
			for {
				count, err := connection.Read(buffer)
				if err != nil {
					return
				}
				if _, err := connection.Write(buffer[:count]); err != nil {
					return
				}
			}
		}()
	}
}
