// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A mistake in a plan must not become an attack on a machine or a network.
const (
	maxRate     = 2000
	maxDuration = 30 * time.Minute
	maxStreams  = 200
	maxTimeout  = 60 * time.Second
)

const (
	kindStream    = "stream"
	kindHTTP2     = "http2"
	kindWebSocket = "websocket"
	kindTCP       = "tcp"
)

// Duration is written the way Go writes it, such as "90s".
type Duration time.Duration

func (d *Duration) UnmarshalJSON(text []byte) error {
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return fmt.Errorf("a duration is a text such as \"60s\", not %s", text)
	}
	value, err := time.ParseDuration(word)
	if err != nil {
		return fmt.Errorf("%q is no duration such as \"60s\"", word)
	}
	*d = Duration(value)
	return nil
}

type Plan struct {
	Rate     float64  `json:"rate"`
	Duration Duration `json:"duration"`
	Baseline Duration `json:"baseline"`
	Timeout  Duration `json:"timeout"`
	Targets  []Target `json:"targets"`
	Streams  []Stream `json:"streams"`
}

type Target struct {
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Share   float64           `json:"share"`
	// Random marks a target that is slow by design: it is hit at random moments, and its latency
	// says nothing about the machine.
	Random bool  `json:"delay_offset_random"`
	Expect []int `json:"expect"`
}

type Stream struct {
	Name    string            `json:"name"`
	Kind    string            `json:"kind"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Count   int               `json:"count"`
}

// parsePlan reads and completes a plan; duration, when not 0, stands over the plan's own.
func parsePlan(text []byte, duration time.Duration, inside bool) (*Plan, error) {
	plan := &Plan{Timeout: Duration(10 * time.Second)}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(plan); err != nil {
		return nil, fmt.Errorf("the targets cannot be read: %w", err)
	}
	if duration != 0 {
		plan.Duration = Duration(duration)
	}
	for i := range plan.Targets {
		target := &plan.Targets[i]
		if target.Method == "" {
			target.Method = http.MethodGet
		}
		if len(target.Expect) == 0 {
			target.Expect = []int{http.StatusOK}
		}
	}
	return plan, plan.check(inside)
}

func (p *Plan) check(inside bool) error {
	if err := p.checkBounds(); err != nil {
		return err
	}
	names, total := []string{}, 0.0
	for _, target := range p.Targets {
		if target.Name == "" || slices.Contains(names, target.Name) {
			return fmt.Errorf("target %q: every target needs a name of its own", target.Name)
		}
		if !(target.Share > 0 && target.Share <= 1) {
			return fmt.Errorf("target %s: its share is %v, allowed are more than 0 up to 1", target.Name, target.Share)
		}
		if err := checkURL(target.URL, []string{"http"}, inside); err != nil {
			return fmt.Errorf("target %s: %w", target.Name, err)
		}
		names, total = append(names, target.Name), total+target.Share
	}
	if len(p.Targets) > 0 && math.Abs(total-1) > 0.001 {
		return fmt.Errorf("the shares of the targets add up to %.3f and not to 1", total)
	}
	return p.checkStreams(inside)
}

func (p *Plan) checkBounds() error {
	switch {
	case len(p.Targets)+len(p.Streams) == 0:
		return errors.New("there is neither a target nor a stream")
	case len(p.Targets) > 0 && !(p.Rate > 0 && p.Rate <= maxRate):
		return fmt.Errorf("a rate of %v/s is not allowed: more than 0 up to %d/s", p.Rate, maxRate)
	case p.Duration <= 0 || time.Duration(p.Duration) > maxDuration:
		return fmt.Errorf("a duration of %s is not allowed: more than 0 up to %s", time.Duration(p.Duration), maxDuration)
	case p.Baseline < 0 || time.Duration(p.Baseline) > time.Minute:
		return fmt.Errorf("a baseline of %s is not allowed: 0 up to 1m0s", time.Duration(p.Baseline))
	case p.Timeout <= 0 || time.Duration(p.Timeout) > maxTimeout:
		return fmt.Errorf("a timeout of %s is not allowed: more than 0 up to %s", time.Duration(p.Timeout), maxTimeout)
	}
	return nil
}

func (p *Plan) checkStreams(inside bool) error {
	schemes := map[string][]string{
		kindStream: {"http"}, kindHTTP2: {"http"}, kindWebSocket: {"ws", "http"}, kindTCP: {"tcp"},
	}
	count := 0
	for _, stream := range p.Streams {
		allowed, known := schemes[stream.Kind]
		switch {
		case !known:
			return fmt.Errorf("stream %s: its kind is %q, allowed are stream, http2, websocket and tcp", stream.Name, stream.Kind)
		case stream.Count < 1 || stream.Count > maxStreams:
			return fmt.Errorf("stream %s: its count is %d, allowed are 1 up to %d", stream.Name, stream.Count, maxStreams)
		}
		if err := checkURL(stream.URL, allowed, inside); err != nil {
			return fmt.Errorf("stream %s: %w", stream.Name, err)
		}
		count += stream.Count
	}
	if count > maxStreams {
		return fmt.Errorf("%d streams are not allowed: up to %d", count, maxStreams)
	}
	return nil
}

func checkURL(text string, schemes []string, inside bool) error {
	address, err := url.Parse(text)
	if err != nil || !slices.Contains(schemes, address.Scheme) || address.Host == "" || address.User != nil {
		return fmt.Errorf("%q is not an address such as %s://127.0.0.1:8080", text, schemes[0])
	}
	if schemes[0] == "tcp" && address.Port() == "" {
		return fmt.Errorf("%q names no port", text)
	}
	return checkHost(address.Hostname(), inside)
}

// hosts are all that the plan names, each once.
func (p *Plan) hosts() []string {
	found := []string{}
	add := func(text string) {
		if address, err := url.Parse(text); err == nil && !slices.Contains(found, address.Hostname()) {
			found = append(found, address.Hostname())
		}
	}
	for _, target := range p.Targets {
		add(target.URL)
	}
	for _, stream := range p.Streams {
		add(stream.URL)
	}
	return found
}
