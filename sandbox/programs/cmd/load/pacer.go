// Copyright: (c) 2026, the meshwright.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"
)

// schedule holds when each request of a target is due, counted from the start of the baseline.
type schedule struct {
	due      []time.Duration
	baseline int
}

// newSchedule plans the baseline and the measured time apart, so that the count of each is exact.
func newSchedule(rate float64, baseline, duration time.Duration, random bool) schedule {
	due := spread(rate, 0, baseline, random)
	return schedule{due: append(due, spread(rate, baseline, duration, random)...), baseline: len(due)}
}

// spread lays rate*length moments evenly, or at random: given their number, the moments of a
// Poisson process are independent and uniform.
func spread(rate float64, from, length time.Duration, random bool) []time.Duration {
	count := int(math.Round(rate * length.Seconds()))
	due := make([]time.Duration, count)
	for i := range due {
		part := (float64(i) + 0.5) / float64(count)
		if random {
			part = rand.Float64()
		}
		due[i] = from + time.Duration(part*float64(length))
	}
	slices.Sort(due)
	return due
}

// before tells how many requests of the measured time are due until then.
func (s schedule) before(moment time.Duration) int {
	measured := s.due[s.baseline:]
	return sort.Search(len(measured), func(i int) bool { return measured[i] > moment })
}

// pacer is vegeta's Pacer over a schedule. It does the waiting itself, because vegeta's own sleep
// cannot be ended.
type pacer struct {
	schedule
	ctx   context.Context
	start time.Time
}

func (p pacer) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	if hits >= uint64(len(p.due)) || p.ctx.Err() != nil {
		return 0, true
	}
	wait := time.Until(p.start.Add(p.due[hits]))
	if wait <= 0 {
		return 0, false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return 0, false
	case <-p.ctx.Done():
		return 0, true
	}
}

func (p pacer) Rate(time.Duration) float64 {
	if len(p.due) == 0 {
		return 0
	}
	return float64(len(p.due)) / p.due[len(p.due)-1].Seconds()
}
