package campaign

import (
	"fmt"
	"strings"
	"time"
)

// window is a time of the week when a campaign may write.
type window struct {
	days     [7]bool // by time.Weekday
	from, to int     // minutes of the day; to may be smaller: over midnight
	zone     *time.Location
}

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseWindow reads "[DAY[-DAY][,DAY...]] HH:MM-HH:MM [ZONE]".
func parseWindow(text string) (window, error) {
	w := window{zone: time.UTC}
	bad := func() (window, error) {
		return w, fmt.Errorf("%q is no window: want something like \"mon-fri 09:00-17:00 Europe/Berlin\"", text)
	}
	fields := strings.Fields(strings.ToLower(text))
	zoned := strings.Fields(text)
	if len(fields) == 0 {
		return bad()
	}
	if strings.Contains(fields[0], ":") {
		for d := range w.days {
			w.days[d] = true
		}
	} else {
		for part := range strings.SplitSeq(fields[0], ",") {
			first, last, ranged := strings.Cut(part, "-")
			a, b := day(first), day(last)
			if !ranged {
				b = a
			}
			if a < 0 || b < 0 {
				return bad()
			}
			for d := a; ; d = (d + 1) % 7 {
				w.days[d] = true
				if d == b {
					break
				}
			}
		}
		fields, zoned = fields[1:], zoned[1:]
	}
	if len(fields) == 0 || len(fields) > 2 {
		return bad()
	}
	from, to, ok := strings.Cut(fields[0], "-")
	a, err1 := time.Parse("15:04", from)
	b, err2 := time.Parse("15:04", to)
	if to == "24:00" {
		b, err2 = time.Time{}, nil
	}
	if !ok || err1 != nil || err2 != nil {
		return bad()
	}
	w.from, w.to = a.Hour()*60+a.Minute(), b.Hour()*60+b.Minute()
	if w.to == 0 {
		w.to = 24 * 60
	}
	if len(fields) == 2 {
		zone, err := time.LoadLocation(zoned[1])
		if err != nil {
			return w, fmt.Errorf("%q: there is no time zone %s", text, zoned[1])
		}
		w.zone = zone
	}
	return w, nil
}

func day(name string) int {
	for i, d := range dayNames {
		if name == d {
			return i
		}
	}
	return -1
}

func (w window) holds(t time.Time) bool {
	t = t.In(w.zone)
	minute := t.Hour()*60 + t.Minute()
	if w.from < w.to {
		return w.days[t.Weekday()] && w.from <= minute && minute < w.to
	}
	yesterday := (t.Weekday() + 6) % 7 // it began then
	return w.days[t.Weekday()] && minute >= w.from || w.days[yesterday] && minute < w.to
}

// mayWrite reports whether one of the windows holds a time; none hold all.
func mayWrite(windows []string, t time.Time) bool {
	for _, text := range windows {
		if w, err := parseWindow(text); err == nil && w.holds(t) {
			return true
		}
	}
	return len(windows) == 0
}
