// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// slowBaseline is the p99 above which a machine is too busy for anything to be learnt from it.
const slowBaseline = 2 * time.Second

type Baseline struct {
	Seconds float64        `json:"seconds"`
	Sent    int            `json:"sent"`
	Failed  int            `json:"failed"`
	Fails   map[string]int `json:"failures"`
	Broken  int            `json:"broken_streams"`
	P50MS   float64        `json:"p50_ms"`
	P99MS   float64        `json:"p99_ms"`
}

type Result struct {
	Started     string          `json:"started"`
	Seconds     float64         `json:"seconds"`
	Baseline    Baseline        `json:"baseline"`
	Environment string          `json:"environment"`
	Targets     []Summary       `json:"targets"`
	Total       Summary         `json:"total"`
	PerSecond   []Second        `json:"per_second"`
	Streams     []StreamSummary `json:"streams"`
}

// result says what came of a load that ended after `ran`, counted from the start of the baseline.
func (l *load) result(ran time.Duration) Result {
	l.lock.Lock()
	defer l.lock.Unlock()
	measured := min(ran-time.Duration(l.plan.Baseline), time.Duration(l.plan.Duration))
	found := Result{
		Started:  l.measuringFrom().UTC().Format(time.RFC3339Nano),
		Seconds:  max(measured.Seconds(), 0),
		Baseline: l.baseline(),
		Targets:  []Summary{}, PerSecond: l.seconds.summary(), Streams: []StreamSummary{},
	}
	total, planned := newTally(), 0
	for _, a := range l.attacks {
		due := a.schedule.before(ran)
		total.merge(a.measured)
		planned += due
		found.Targets = append(found.Targets, a.measured.summary(a.target.Name, a.target.Method, due))
	}
	found.Total = total.summary("total", "", planned)
	for _, holder := range l.streams {
		_, _, summary := holder.state()
		found.Streams = append(found.Streams, summary)
	}
	found.Environment = environment(found)
	return found
}

func (l *load) baseline() Baseline {
	all, quick := newTally(), newTally()
	for _, a := range l.attacks {
		all.merge(a.before)
		if !a.target.Random {
			quick.merge(a.before)
		}
	}
	broken := 0
	for _, holder := range l.streams {
		_, before, _ := holder.state()
		broken += before
	}
	latency := quick.summary("", "", 0).LatencyMS
	return Baseline{
		Seconds: time.Duration(l.plan.Baseline).Seconds(), Sent: all.sent, Failed: all.failed,
		Fails: all.failures, Broken: broken, P50MS: latency.P50, P99MS: latency.P99,
	}
}

// environment is the reason for which the result says nothing about what was tested; empty when
// there is none.
func environment(r Result) string {
	onTime := r.Total.Sent - r.Total.Late
	switch {
	case r.Seconds == 0:
		return "it was ended before the measured time began"
	case r.Baseline.Failed > 0:
		return fmt.Sprintf("%d of %d requests failed (%s) before the measured time began",
			r.Baseline.Failed, r.Baseline.Sent, words(r.Baseline.Fails))
	case r.Baseline.Broken > 0:
		return fmt.Sprintf("streams broke or could not be opened %d times before the measured time began",
			r.Baseline.Broken)
	case r.Baseline.P99MS > float64(slowBaseline.Milliseconds()):
		return fmt.Sprintf("the p99 was %.0f ms before the measured time began, and more than %d ms is too slow",
			r.Baseline.P99MS, slowBaseline.Milliseconds())
	case r.Total.Failures[howExhausted] > 0:
		return "this machine had no more ports or files for connections"
	case float64(onTime) < 0.95*float64(r.Total.Planned):
		return fmt.Sprintf("only %d of %d planned requests were sent in time, and less than 95 %% is too few",
			onTime, r.Total.Planned)
	}
	return ""
}

func words(counts map[string]int) string {
	found := []string{}
	for name, count := range counts {
		found = append(found, fmt.Sprintf("%s %d", name, count))
	}
	sort.Strings(found)
	return strings.Join(found, ", ")
}
