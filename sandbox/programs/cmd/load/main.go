// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Load sends requests at fixed rates to a sandbox, holds streams, and tells what failed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tsenart/vegeta/v12/lib/plot"
)

const progressEvery = 10 * time.Second

type options struct {
	targets, out, plot string
	duration           time.Duration
	inside             bool
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "load: %v\n", err)
		}
		os.Exit(2)
	}
}

func parseFlags(arguments []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.targets, "targets", "-", "the plan as JSON: a file, - for stdin, or env:NAME for a variable")
	flags.StringVar(&o.out, "out", "-", "where the result is written; - is the last line of stdout")
	flags.StringVar(&o.plot, "plot", "", "also write vegeta's plot, an HTML page, to this file")
	flags.DurationVar(&o.duration, "duration", 0, "the measured time, instead of the plan's")
	flags.BoolVar(&o.inside, "inside", false, "run in a pod: names of services are allowed too")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is not understood", flags.Arg(0))
	}
	return o, nil
}

func readPlan(from string, stdin io.Reader) ([]byte, error) {
	if name, isVariable := strings.CutPrefix(from, "env:"); isVariable {
		return []byte(os.Getenv(name)), nil
	}
	if from == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(from)
}

func run(arguments []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parseFlags(arguments, stderr)
	if err != nil {
		return err
	}
	text, err := readPlan(o.targets, stdin)
	if err != nil {
		return err
	}
	plan, err := parsePlan(text, o.duration, o.inside)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := checkNames(ctx, plan.hosts(), net.DefaultResolver.LookupHost); err != nil {
		return err
	}
	l := newLoad(plan)
	if o.plot != "" {
		l.plot = plot.New(plot.Title("load"), plot.Downsample(4000))
	}
	result := l.watched(ctx, stderr)
	if err := l.writePlot(o.plot); err != nil {
		fmt.Fprintf(stderr, "the plot is not written: %v\n", err)
	}
	return write(result, o.out, stdout)
}

// watched runs the load and says how it goes.
func (l *load) watched(ctx context.Context, stderr io.Writer) Result {
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.run(ctx)
	}()
	measuring := time.After(time.Until(l.measuringFrom()))
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	stopped, ended := ctx.Done(), time.Time{}
	for {
		select {
		case <-done:
			ran := ended.Sub(l.start)
			if ended.IsZero() {
				// The last answer may come a moment before the end of the last second.
				ran = max(time.Since(l.start), time.Duration(l.plan.Baseline+l.plan.Duration))
			}
			return l.result(ran)
		case <-stopped:
			stopped, ended = nil, time.Now()
		case <-measuring:
			fmt.Fprintln(stderr, l.beginning())
			ticker.Reset(progressEvery)
		case <-ticker.C:
			fmt.Fprintln(stderr, l.state())
		}
	}
}

// beginning is the line by which a caller knows that the measured time has begun.
func (l *load) beginning() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	b := l.baseline()
	return fmt.Sprintf("measuring from now on; before: %d sent, %d failed, p99 %.0f ms", b.Sent, b.Failed, b.P99MS)
}

func (l *load) state() string {
	l.lock.Lock()
	recent := l.seconds.last(int(progressEvery.Seconds()))
	sent, failed := l.sent, l.failed
	l.lock.Unlock()
	open, all := 0, 0
	for _, holder := range l.streams {
		count, _, _ := holder.state()
		open, all = open+count, all+holder.stream.Count
	}
	return fmt.Sprintf("%.0f of %.0f s: %d sent, %d failed, p99 %.0f ms, %d of %d streams open",
		max(time.Since(l.measuringFrom()).Seconds(), 0), time.Duration(l.plan.Duration).Seconds(),
		sent, failed, percentile(recent.micros, 0.99), open, all)
}

func (l *load) writePlot(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	l.plot.Close()
	_, err = l.plot.WriteTo(file)
	return errors.Join(err, file.Close())
}

func write(result Result, out string, stdout io.Writer) error {
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if out != "-" {
		return os.WriteFile(out, text, 0o644)
	}
	_, err = stdout.Write(text)
	return err
}
