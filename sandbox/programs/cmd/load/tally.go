// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// tally counts the requests of one target in one window of time. Every latency is kept, so that
// the percentiles are exact: four bytes a request, at most 14 MiB.
type tally struct {
	sent, answered, failed, replayed, late int
	failures                               map[string]int
	statuses                               map[string]int
	// failing counts the failed by the second in which they were sent.
	failing map[int]int
	micros  []uint32
}

func newTally() *tally {
	return &tally{failures: map[string]int{}, statuses: map[string]int{}, failing: map[int]int{}}
}

// outcome is what became of one request.
type outcome struct {
	at       time.Duration
	latency  time.Duration
	status   int
	how      string
	replayed bool
	late     bool
}

// second is the measured one in which the request was sent; the first is 0.
func (o outcome) second() int { return max(int(o.at/time.Second), 0) }

func (t *tally) add(o outcome) {
	t.sent++
	if o.status != 0 {
		t.answered++
		t.statuses[strconv.Itoa(o.status)]++
		t.micros = append(t.micros, micros(o.latency))
	}
	if o.how != "" {
		t.failed++
		t.failures[o.how]++
		t.failing[o.second()]++
	}
	if o.replayed {
		t.replayed++
	}
	if o.late {
		t.late++
	}
}

func micros(latency time.Duration) uint32 {
	return uint32(min(latency.Microseconds(), math.MaxUint32))
}

func (t *tally) merge(other *tally) {
	t.sent += other.sent
	t.answered += other.answered
	t.failed += other.failed
	t.replayed += other.replayed
	t.late += other.late
	t.micros = append(t.micros, other.micros...)
	addTo(t.failures, other.failures)
	addTo(t.statuses, other.statuses)
	addTo(t.failing, other.failing)
}

func addTo[K comparable](sum, more map[K]int) {
	for key, count := range more {
		sum[key] += count
	}
}

type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

type Summary struct {
	Name      string         `json:"name"`
	Method    string         `json:"method"`
	Planned   int            `json:"planned"`
	Sent      int            `json:"sent"`
	Late      int            `json:"late"`
	Answered  int            `json:"answered"`
	Failed    int            `json:"failed"`
	Failures  map[string]int `json:"failures"`
	Failing   []Failing      `json:"failing"`
	Replayed  int            `json:"replayed"`
	LatencyMS Latency        `json:"latency_ms"`
	Statuses  map[string]int `json:"statuses"`
}

// Failing is a second in which requests were sent that failed.
type Failing struct {
	Second int `json:"second"`
	Failed int `json:"failed"`
}

func inOrder(failing map[int]int) []Failing {
	found := []Failing{}
	for _, second := range slices.Sorted(maps.Keys(failing)) {
		found = append(found, Failing{Second: second, Failed: failing[second]})
	}
	return found
}

func (t *tally) summary(name, method string, planned int) Summary {
	slices.Sort(t.micros)
	return Summary{
		Name: name, Method: method, Planned: planned, Sent: t.sent, Late: t.late,
		Answered: t.answered, Failed: t.failed, Failures: t.failures, Failing: inOrder(t.failing), Replayed: t.replayed,
		LatencyMS: Latency{
			P50: percentile(t.micros, 0.5), P90: percentile(t.micros, 0.9),
			P99: percentile(t.micros, 0.99), P999: percentile(t.micros, 0.999),
			Max: percentile(t.micros, 1),
		},
		Statuses: t.statuses,
	}
}

// percentile of sorted latencies, in milliseconds: the smallest that so many do not exceed.
func percentile(sorted []uint32, part float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	index := int(math.Ceil(part*float64(len(sorted)))) - 1
	return float64(sorted[max(index, 0)]) / 1000
}

type Second struct {
	Second int     `json:"second"`
	Sent   int     `json:"sent"`
	Failed int     `json:"failed"`
	P99MS  float64 `json:"p99_ms"`
}

// seconds counts by the second in which a request was sent; the first is the first measured one.
type seconds []*tally

func (s *seconds) add(o outcome) {
	index := o.second()
	for len(*s) <= index {
		*s = append(*s, newTally())
	}
	(*s)[index].add(o)
}

func (s seconds) summary() []Second {
	found := make([]Second, len(s))
	for i, t := range s {
		slices.Sort(t.micros)
		found[i] = Second{Second: i, Sent: t.sent, Failed: t.failed, P99MS: percentile(t.micros, 0.99)}
	}
	return found
}

// last is the sum of the last few seconds.
func (s seconds) last(count int) *tally {
	sum := newTally()
	for _, t := range s[max(len(s)-count, 0):] {
		sum.merge(t)
	}
	slices.Sort(sum.micros)
	return sum
}
